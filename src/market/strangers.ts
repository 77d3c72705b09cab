/** What rows that could not be read say about all of an answer or file. */
export interface Stranger {
  readonly kind: "format" | "nameless";
  readonly evidence: string;
}

/**
 * Where no row can be read the form has changed; a single broken row does not tell that. A row without a time of its own
 * cannot be set aside: nobody knows which day lacks it. undefined where neither is so.
 * @param good how many rows were read
 * @param nameless the text of a row whose time cannot be made out
 */
export function strangerAmong(
  good: number,
  broken: readonly { readonly evidence: string }[],
  nameless: string | undefined,
): Stranger | undefined {
  const evidence = nameless ?? (broken.length > 1 ? broken[0]?.evidence : undefined);
  if (evidence === undefined) return undefined;
  if (good === 0) return { kind: "format", evidence };
  return nameless === undefined ? undefined : { kind: "nameless", evidence };
}

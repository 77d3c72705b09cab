/** What an answer has in it that a fault can change, beside the way in which it is delivered. */
export type Content =
  | { readonly kind: "rows" }
  | { readonly kind: "zip" }
  | {
      readonly kind: "checksum";
      /** Of the ZIP that it is of. */
      readonly key: string;
      zip(): Uint8Array | undefined;
    };

import { invalid } from "../refusal.ts";

/** The most that a page holds, and what it holds by default. */
const PAGE = 1_000;

/** @throws GoogleRefusal */
export function pageSize(query: URLSearchParams): number {
  const text = query.get("maxResults");
  if (text === null) return PAGE;
  if (!/^\d+$/.test(text)) throw invalid(`Invalid value for maxResults: ${text}`);
  return Math.min(Number(text) || PAGE, PAGE);
}

/** What a page ended with: this name, and of this name this generation; infinite where nothing of it is left. */
export interface Place {
  readonly name: string;
  readonly generation: number;
}

export const tokenOf = ({ name, generation }: Place): string =>
  Buffer.from(`${generation}/${name}`).toString("base64url");

/** @throws GoogleRefusal where the token is none of ours */
export function placeIn(token: string | null): Place | undefined {
  if (token === null || token === "") return undefined;
  const [, generation, name] = /^(\d+|Infinity)\/(.*)$/s.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (name === undefined) throw invalid(`Invalid value for pageToken: ${token}`);
  return { name, generation: Number(generation) };
}

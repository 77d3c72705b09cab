import { readFileSync } from "node:fs";

type Loose = Readonly<Record<string, unknown>>;

const looseOf = (value: unknown): Loose => (typeof value === "object" && value !== null ? (value as Loose) : {});

/**
 * Why the token that a workload identity's file points to cannot be had; undefined where it can, or lies in no file. The
 * library would look only when a request needs it, and what it says then does not name the file that points there.
 * (https://google.aip.dev/auth/4117)
 */
export function tokenFileFault(credentials: object): string | undefined {
  const { credential_source: given } = looseOf(credentials);
  const { file, format } = looseOf(given);
  if (typeof file !== "string") return undefined;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR"
      ? `its token is to be in ${file}, and there is no such file`
      : `its token is to be in ${file}, which cannot be read (${code})`;
  }
  const { type, subject_token_field_name: field } = looseOf(format);
  if (type !== "json") return text.trim() === "" ? `its token is to be in ${file}, which is empty` : undefined;
  try {
    if (looseOf(JSON.parse(text))[String(field)]) return undefined;
  } catch {
    return `its token is to be in ${file}, which is no JSON`;
  }
  return `its token is to be in ${file}, which has no "${field}"`;
}

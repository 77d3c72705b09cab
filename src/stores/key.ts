import { StoreError } from "../core/errors.ts";

/**
 * The names that a key consists of: none of them leads anywhere but down.
 * @throws StoreError `bad-key` where the key would leave the lake, or name nothing
 */
export function namesOf(key: string, label: string): string[] {
  const names = key.split("/");
  if (!names.some((name) => name === "" || name === "." || name === ".." || /[\\\0]/.test(name))) return names;
  throw new StoreError("bad-key", `${JSON.stringify(key)} names no object of ${label}.`, "candlelake status");
}

import type { Twin } from "../../src/twin/start.ts";
import { tree } from "./folder.ts";

/**
 * The archive files that need not be fetched again: every day of the plan that is made of one is in a manifest.
 * @param root of the lake
 * @param days by the name of the file that they are made of
 */
export function settledFiles(root: string, days: ReadonlyMap<string, readonly string[]>): Set<string> {
  const stored = new Set<string>();
  for (const [key, bytes] of tree(root)) {
    if (!key.startsWith("_manifests/")) continue;
    for (const day of Object.keys(JSON.parse(bytes.toString()).partitions)) stored.add(day);
  }
  return new Set([...days].flatMap(([name, of]) => (of.every((day) => stored.has(day)) ? [name] : [])));
}

/** The days of each archive file, as a whole lake's manifests tell them. */
export function daysByFile(root: string): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const [key, bytes] of tree(root)) {
    if (!key.startsWith("_manifests/")) continue;
    const partitions: Record<string, { archives?: string[] }> = JSON.parse(bytes.toString()).partitions;
    for (const [day, { archives }] of Object.entries(partitions)) {
      for (const name of archives ?? []) files.set(name, [...(files.get(name) ?? []), day]);
    }
  }
  return files;
}

/** Names of the ZIPs that a twin gave since so many requests. */
export const zipsSince = (twin: Twin, begun: number): string[] =>
  twin.requests
    .slice(begun)
    .filter(({ path, status }) => path.endsWith(".zip") && status === 200)
    .map(({ path }) => path.slice(path.lastIndexOf("/") + 1));

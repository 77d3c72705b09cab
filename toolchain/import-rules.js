// Which file under src may import what. Closed by default: what is not listed is refused.
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Stands for the source that a file belongs to: `binance.ts` and everything under `binance/` are one. */
const OWN_SOURCE = "own source";

/** The architecture's interfaces: those of bucket and warehouse have files of their own. */
const ports = ["src/ports.ts", "src/ports/"];

const adapters = ["src/sources/", "src/stores/", "src/warehouses/", "src/workers/"];

/**
 * The first rule that names a file decides about it. A name that ends in "/" stands for everything below it;
 * "node:" for every module of Node; any other name for that one file, module or package.
 *
 * @type {{ files: string, may: string[] }[]}
 */
const rules = [
  { files: "src/core/", may: ["src/core/"] },
  { files: "src/market/", may: ["src/market/", "src/core/"] },
  { files: "src/features/", may: ["src/features/", "src/core/", "src/market/"] },
  { files: "src/parquet/", may: ["src/parquet/", "src/arrow/", "src/core/", "minizlib", "node:crypto", "node:zlib"] },
  { files: "src/arrow/", may: ["src/arrow/", "src/core/"] },
  { files: "src/archive/", may: ["src/archive/", "src/core/", "src/market/", ...ports, "node:zlib"] },
  { files: "src/net/", may: ["src/net/", "src/core/", ...ports, "node:"] },
  { files: "src/google/", may: ["src/google/", "src/core/", ...ports, "google-auth-library", "node:"] },
  {
    files: "src/sources/",
    may: [OWN_SOURCE, "src/core/", "src/market/", ...ports, "src/net/", "node:crypto", "node:zlib"],
  },
  {
    files: "src/stores/",
    may: [
      "src/stores/",
      "src/core/",
      "src/market/",
      "src/google/",
      ...ports,
      "src/parquet/",
      "@google-cloud/storage",
      "node:",
    ],
  },
  {
    files: "src/warehouses/",
    may: [
      "src/warehouses/",
      "src/core/",
      "src/market/",
      "src/arrow/",
      "src/google/",
      ...ports,
      "@duckdb/node-api",
      "@google-cloud/bigquery",
      "node:",
    ],
  },
  {
    files: "src/pipeline/",
    may: [
      "src/pipeline/",
      "src/core/",
      "src/market/",
      "src/parquet/",
      "src/archive/",
      "src/features/",
      ...ports,
      "node:crypto",
    ],
  },
  { files: "src/workers/", may: ["src/workers/", "src/core/", "src/pipeline/", ...ports, "node:"] },
  // BigQuery's stand-in keeps its rows in DuckDB.
  { files: "src/twin/google/", may: ["src/twin/", "src/core/", "src/market/", "@duckdb/node-api", "node:"] },
  {
    files: "src/twin/",
    may: [
      "src/twin/",
      "src/core/",
      "src/market/",
      "src/sources/synthetic.ts",
      "src/sources/synthetic/",
      "src/sources/binance/endpoints.ts",
      "node:",
    ],
  },
  {
    files: "src/cli/",
    may: [
      "src/cli/",
      "src/core/",
      "src/market/",
      "src/features/",
      "src/parquet/",
      "src/arrow/",
      "src/net/",
      "src/pipeline/",
      "src/twin/",
      ...ports,
      "src/config.ts",
      "src/endpoints.ts",
      "src/places.ts",
      "src/config-schema.ts",
      "src/open.ts",
      "node:",
    ],
  },
  { files: "src/ports.ts", may: ["src/core/", "src/market/", "src/ports/"] },
  { files: "src/ports/", may: ["src/core/"] },
  {
    files: "src/config.ts",
    may: ["src/core/", "src/config-file.ts", "src/config-schema.ts", "src/endpoints.ts", "src/places.ts", "node:"],
  },
  { files: "src/config-file.ts", may: ["src/core/", "src/config-schema.ts", "src/endpoints.ts", "node:"] },
  { files: "src/places.ts", may: ["src/core/", "src/config-schema.ts", "node:"] },
  { files: "src/endpoints.ts", may: ["src/core/", "src/config-schema.ts"] },
  { files: "src/config-schema.ts", may: ["src/core/"] },
  {
    files: "src/open.ts",
    may: [
      "src/core/",
      "src/market/",
      "src/pipeline/",
      "src/net/",
      ...ports,
      "src/config.ts",
      "src/endpoints.ts",
      "src/places.ts",
      ...adapters,
      "node:",
    ],
  },
  {
    files: "src/index.ts",
    may: [
      "src/core/",
      "src/market/",
      "src/features/",
      "src/parquet/",
      "src/arrow/",
      "src/pipeline/",
      ...ports,
      "src/config.ts",
      "src/config-file.ts",
      "src/endpoints.ts",
      "src/places.ts",
      "src/open.ts",
    ],
  },
];

/**
 * The refused imports of one file, each as a line for the reader.
 *
 * @param {string} file path from the root of the repository, with forward slashes
 * @param {string} text
 * @returns {string[]}
 */
export function refusedImports(file, text) {
  const rule = rules.find(({ files }) => covers(files, file));
  const refused = [];
  for (const { line, specifier } of importsOf(text)) {
    const reason = rule === undefined ? "no rule names this file" : reasonAgainst(specifier, file, rule.may);
    if (reason !== undefined) refused.push(`${file}:${line}: ${specifier ?? "computed import"}: ${reason}`);
  }
  return refused;
}

/**
 * @param {string | undefined} specifier
 * @param {string} file
 * @param {string[]} may
 * @returns {string | undefined}
 */
function reasonAgainst(specifier, file, may) {
  if (specifier === undefined) return "imports have to name their target in plain text";
  const isRelative = specifier.startsWith(".");
  if (isRelative && !specifier.endsWith(".ts")) return "relative imports end in .ts";
  const target = isRelative ? posix.join(posix.dirname(file), specifier) : specifier;
  const allowed = may.some((name) =>
    name === OWN_SOURCE ? isRelative && sourceOf(target) === sourceOf(file) : covers(name, target),
  );
  if (allowed) return undefined;
  return `${isRelative ? target : specifier} is not among what ${file} may import (toolchain/import-rules.js)`;
}

/**
 * @param {string} name as in the rules
 * @param {string} target a path, a module of Node or a package (with or without a path inside it)
 */
function covers(name, target) {
  if (name.endsWith("/") || name.endsWith(":")) return target.startsWith(name);
  return target === name || (!name.startsWith("src/") && target.startsWith(`${name}/`));
}

/** @param {string} path */
function sourceOf(path) {
  return path.split("/").slice(0, 3).join("/").replace(/\.ts$/, "");
}

/**
 * Finds imports by their text: the formatter leaves every static import at the start of a line, and mistaking
 * something else for an import only makes the check stricter. A computed import has no specifier.
 *
 * @param {string} text
 * @returns {{ line: number, specifier: string | undefined }[]}
 */
function importsOf(text) {
  const patterns = [
    /(?:^|;)\s*import\b[^"'(\n]*(["'])(?<specifier>[^"'\n]+)\1/gm,
    /(?:^|;)\s*(?:export\s+(?:type\s+)?[*{][^"'\n]*|\}\s*)from\s*(["'])(?<specifier>[^"'\n]+)\1/gm,
    /(?<![.\w$])import\s*\((?:\s*(["'])(?<specifier>[^"'\n]+)\1\s*[,)])?/g,
    /(?<![.\w$])require\s*\(/g,
    /\bcreateRequire\b/g,
    /\bgetBuiltinModule\b(?:\(\s*(["'])(?<specifier>[^"'\n]+)\1\s*\))?/g,
  ];
  const found = [];
  for (const pattern of patterns) {
    for (const match of text.matchAll(pattern)) {
      const before = text.slice(0, match.index + match[0].search(/\S/));
      if (/^\s*(?:\/\/|\*|\/\*)/.test(before.slice(before.lastIndexOf("\n") + 1))) continue;
      found.push({ line: before.split("\n").length, specifier: match.groups?.["specifier"] });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function sourceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return /\.[cm]?[jt]sx?$/.test(entry.name) ? [path] : [];
  });
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const files = sourceFiles(join(root, "src"));
  const refused = files.flatMap((path) =>
    refusedImports(relative(root, path).split(sep).join("/"), readFileSync(path, "utf8")),
  );
  for (const line of refused) console.error(line);
  console.log(`Import rules: ${files.length} files, ${refused.length} refused imports.`);
  if (refused.length > 0) process.exitCode = 1;
}

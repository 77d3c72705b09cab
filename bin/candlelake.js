#!/usr/bin/env node
// Starts the CLI; nothing else. A clone runs from src, an installed package from dist.
import module from "node:module";
import { fileURLToPath } from "node:url";

// Imported, node:fs and node:process would each load all they offer: a tenth more time to start.
const { existsSync } = module.createRequire(import.meta.url)("node:fs");

const source = new URL("../src/cli/main.ts", import.meta.url);
const isClone = existsSync(source);
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

// The first of each line that runs TypeScript and whose HTTP client knows proxies.
if (major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21)) {
  module.enableCompileCache?.();
  if (isClone) silenceTypeStrippingWarning();
  const { main } = await import(isClone ? source.href : new URL("../dist/cli/main.js", import.meta.url).href);
  process.exitCode = await main(process.argv.slice(2));
} else if (isClone) {
  const { runNode } = await import(new URL("../toolchain/node.js", import.meta.url).href);
  runNode([fileURLToPath(import.meta.url), ...process.argv.slice(2)]);
} else {
  console.error(
    `candlelake needs Node 22.21, 24.5 or newer, and this is Node ${process.versions.node}: install a newer one from https://nodejs.org.`,
  );
  process.exitCode = 4;
}

/** Node 22 and the first releases of 24 announce on stderr that they run TypeScript; users need not know. */
function silenceTypeStrippingWarning() {
  const emitWarning = process.emitWarning;
  process.emitWarning = /** @type {typeof process.emitWarning} */ (
    (/** @type {any[]} */ ...args) => {
      if (!String(args[0]).startsWith("Type Stripping is an experimental feature")) {
        Reflect.apply(emitWarning, process, args);
      }
    }
  );
}

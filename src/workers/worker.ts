// Starts in a thread of its own. What it needs is read only after this, so that it comes from the cache.
import module from "node:module";

module.enableCompileCache?.();
await import("./refining.ts");

// Starts in a thread of its own. What it needs is read only after this, so that it comes from the cache; being no TypeScript
// itself, it does without the runtime's compiler, which would cost each thread 20 MB and a tenth of a second.
import module from "node:module";

module.enableCompileCache?.();
await import("./refining.ts");

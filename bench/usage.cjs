// Preloaded into a measured process: leaves its peak memory (kB) in the file that the environment names. No TypeScript, for
// which every thread would load the runtime's compiler.
const { writeFileSync } = require("node:fs");

process.on("exit", () => {
  const file = process.env.BENCH_USAGE;
  if (file) writeFileSync(file, String(process.resourceUsage().maxRSS));
});

// Preloaded into a measured process: leaves its peak memory (kB) in the file that the environment names.
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  const file = process.env.BENCH_USAGE;
  if (file) writeFileSync(file, String(process.resourceUsage().maxRSS));
});

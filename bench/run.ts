// Every bench in turn, each a process of its own: `npm run bench`, or `npm run bench -- plan` for one.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const PARTS = new Set(["run.ts", "process.ts", "archive-host.ts", "stand-ins.ts"]);
const folder = new URL(".", import.meta.url).pathname;
const wanted = process.argv.slice(2);

for (const file of readdirSync(folder).sort()) {
  if (!file.endsWith(".ts") || PARTS.has(file)) continue;
  const name = file.slice(0, -".ts".length);
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath, [`${folder}${file}`], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}

// Runs a rehearsal and kills itself before its n-th change of disk or warehouse: rehearsal-child.ts JSON [N].
// Where it lives to the end, it prints what the changes were, one a line.
import process from "node:process";
import { watched } from "./disks.ts";
import { rehearsalPorts, rehearse } from "./rehearsal.ts";

const it = JSON.parse(process.argv[2] ?? "");
const last = Number(process.argv[3] ?? Number.POSITIVE_INFINITY);
const changes: string[] = [];

function change(what: string): void {
  if (changes.length === last) process.kill(process.pid, "SIGKILL");
  changes.push(what);
}

await rehearse(
  it,
  rehearsalPorts(
    it,
    watched((call) => change(call)),
    change,
  ),
);
process.stdout.write(changes.join("\n"));

import { after } from "node:test";
import { startTwin } from "../../src/twin/start.ts";
import { NOW } from "./archive-files.ts";
import { TemporaryFolder } from "./folder.ts";
import type { TwinLab } from "./twin-lab.ts";

/** The venue's stand-in with its bulk files, for as long as a test file runs; every lake has a folder of its own. */
export const twin = await startTwin({ now: NOW, limits: false, archive: "files" });

const folder = new TemporaryFolder("memory");
after(async () => {
  await twin.close();
  folder[Symbol.dispose]();
});

let count = 0;
export const place = (): string => folder.join(`lake ${count++}`);

/** Midnight of a day, in milliseconds. */
export const at = (day: string): number => Date.parse(`${day}T00:00:00Z`);

type Outcomes = Awaited<ReturnType<TwinLab["run"]>>["outcomes"];

export const gapsByDay = (outcomes: Outcomes): unknown[] =>
  outcomes.flatMap(({ step, gaps }) => gaps.map((gap) => [step.action === "fetch" && step.day, gap.class, gap.bars]));

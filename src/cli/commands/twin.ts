import { UsageError } from "../../core/errors.ts";
import { parseTime } from "../../core/time.ts";
import { faultsAmong, parseFaults } from "../../twin/faults/grammar.ts";
import { FAULT_KINDS } from "../../twin/faults/kinds.ts";
import type { GoogleTwin } from "../../twin/google/start.ts";
import { type StartOptions, startTwin } from "../../twin/start.ts";
import type { Context } from "../context.ts";
import { json, write } from "../output.ts";

const ACCESS = ["listing", "files", "none"] as const;

function whole(context: Context, name: string, most: number): number | undefined {
  const text = context.text(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw new UsageError(
    "bad-option",
    `--${name} ${JSON.stringify(text)}: write a whole number up to ${most}.`,
    "candlelake twin --help",
  );
}

function optionsOf(context: Context): StartOptions {
  const port = whole(context, "port", 65_535);
  const seed = whole(context, "seed", 2 ** 32 - 1);
  const now = context.text("now");
  const [replay, faults, history] = [context.text("replay"), context.text("faults"), context.text("history")];
  const archive = ACCESS.find((access) => access === context.text("archive"));
  return {
    ...(port === undefined ? {} : { port }),
    ...(seed === undefined ? {} : { seed }),
    ...(now === undefined ? {} : { now: parseTime(now, "--now").from }),
    ...(replay === undefined ? {} : { replay }),
    ...(faults === undefined ? {} : { faults }),
    ...(history === "all" ? { history } : {}),
    ...(archive === undefined ? {} : { archive }),
  };
}

/** Beside the venues' twin and with its clock, on a port of its own. A fault that both know strikes both. */
async function startGoogle({ now, faults = "" }: StartOptions): Promise<[GoogleTwin, StartOptions["faults"]]> {
  const { GOOGLE_FAULT_KINDS } = await import("../../twin/google/fault-kinds.ts");
  parseFaults(faults, { ...FAULT_KINDS, ...GOOGLE_FAULT_KINDS });
  const { startGoogleTwin } = await import("../../twin/google/start.ts");
  const google = await startGoogleTwin({
    ...(now === undefined ? {} : { now }),
    faults: faultsAmong(faults, GOOGLE_FAULT_KINDS),
  });
  return [google, faultsAmong(faults, FAULT_KINDS)];
}

/** Serves until the signal: the settings on standard output, and then nothing but answers. */
export async function run(context: Context): Promise<number> {
  const options = optionsOf(context);
  const [google, faults = ""] = context.flag("google") ? await startGoogle(options) : [undefined, options.faults];
  try {
    const twin = await startTwin({ ...options, faults });
    try {
      await serve(context, { ...twin.settings, ...google?.settings });
    } finally {
      await twin.close();
    }
  } finally {
    await google?.close();
  }
  return 0;
}

async function serve(context: Context, settings: Readonly<Record<string, string>>): Promise<void> {
  if (context.format === "json") await write(json({ command: "twin", ok: true, settings, error: null }));
  else {
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await write(`${lines.join("")}ready\n`);
  }
  await new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    else context.signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

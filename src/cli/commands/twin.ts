import { UsageError } from "../../core/errors.ts";
import { parseTime } from "../../core/time.ts";
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

/** BigQuery's stand-in keeps its rows in DuckDB, which is read only here. */
async function startGoogle(context: Context) {
  const { startGoogleTwin } = await import("../../twin/google/start.ts");
  const faults = context.text("google-faults");
  return startGoogleTwin(faults === undefined ? {} : { faults });
}

/** Serves until the signal: the settings on standard output, and then nothing but answers. */
export async function run(context: Context): Promise<number> {
  const google = context.flag("google") ? await startGoogle(context) : undefined;
  const twin = await startTwin(optionsOf(context));
  const settings = { ...twin.settings, ...google?.settings };
  try {
    if (context.format === "json") await write(json({ command: "twin", ok: true, settings, error: null }));
    else {
      const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
      await write(`${lines.join("")}ready\n`);
    }
    await new Promise<void>((resolve) => {
      if (context.signal.aborted) resolve();
      else context.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    return 0;
  } finally {
    await twin.close();
    await google?.close();
  }
}

import * as assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { parseCommandLine } from "../../src/cli/options.ts";
import { SPECS } from "../../src/cli/specs.ts";
import type { ErrorDetail } from "../../src/core/errors.ts";
import { TemporaryFolder } from "../fakes/folder.ts";

export const BIN = fileURLToPath(new URL("../../bin/candlelake.js", import.meta.url));

/** What a clone's program is started by where Node is too old for it. */
export const LAUNCHER = fileURLToPath(new URL("../../toolchain/node.js", import.meta.url));

/** Nothing listens on it: what is asked there is refused at once. */
const CLOSED = "http://127.0.0.1:1";

/** One step of an answer, with what tests look at. */
export interface StepAnswer {
  readonly action: string;
  readonly table: string;
  readonly venue?: string;
  readonly symbol?: string;
  readonly interval?: string | null;
  readonly day?: string;
  readonly month?: string;
  readonly status: string;
  readonly reason: string;
  readonly source: string;
  readonly because?: string;
  readonly rows: number;
  readonly bytes: number;
  readonly path: string;
  readonly sha256: string | null;
  readonly gaps: readonly {
    readonly from: string;
    readonly to: string;
    readonly class: string;
    readonly bars: number;
  }[];
  readonly revised: boolean;
  readonly quarantined: number;
  readonly error?: ErrorDetail;
}

export interface WorkAnswer {
  readonly command: string;
  readonly ok: boolean;
  readonly steps: readonly StepAnswer[];
  readonly totals: Readonly<Record<string, number>>;
  readonly error: ErrorDetail | null;
}

/** The words of a command as a shell reads them. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const letter = line[i] as string;
    if (quote) {
      if (letter === quote) quote = "";
      else word += letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= "";
    } else if (letter === "\\") word = (word ?? "") + (line[++i] ?? "");
    else if (letter !== " ") word = (word ?? "") + letter;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  assert.equal(quote, "", `a quote stays open: ${line}`);
  return word === undefined ? words : [...words, word];
}

/** What is done at Google's with Google's own tools. The words are those of their reference (cloud.google.com/sdk/gcloud). */
const GOOGLE_COMMANDS = [
  /^gcloud auth application-default login$/,
  /^gcloud storage buckets create gs:\/\/[a-z0-9._-]+ --location [a-z0-9-]+$/,
  /^gcloud storage buckets describe gs:\/\/[a-z0-9._-]+ --format="default\(retention_policy\)"$/,
  /^gcloud storage buckets add-iam-policy-binding gs:\/\/[a-z0-9._-]+ --member=(?:\w+:\S+|"user:\$\(gcloud config get account\)") --role=roles\/storage\.\w+$/,
  /^gcloud projects add-iam-policy-binding (?:[a-z0-9-]+|"\$\(gcloud config get project\)") --member=(?:\w+:\S+|"user:\$\(gcloud config get account\)") --role=roles\/[\w.]+$/,
  /^gcloud services enable [a-z-]+\.googleapis\.com(?: --project [a-z0-9-]+)?$/,
  /^gcloud billing projects describe [a-z0-9-]+$/,
  /^gcloud billing accounts list$/,
  /^gcloud projects list$/,
  /^gcloud storage mv --if-generation-match=0 'gs:\/\/.+#\d+' (?:gs:\/\/[\w@%+=:,./-]+|'gs:\/\/.+')$/,
  /^bq query --project_id=\S+ --use_legacy_sql=false '[^']+'$/,
  /^unset GOOGLE_APPLICATION_CREDENTIALS$/,
];

/** Arguments of a command that a message or help names; fails where it does not parse. */
export function commandOf(line: string): string[] {
  const [program, ...words] = shellWords(line);
  if (GOOGLE_COMMANDS.some((command) => command.test(line))) return words;
  assert.equal(program, "candlelake", line);
  assert.doesNotThrow(() => parseCommandLine(words, SPECS), `does not parse: ${line}`);
  return words;
}

/** Every `next` that a text names, on a line of its own or as a member of JSON. */
export function nextsOf(text: string): string[] {
  const lines = [...text.matchAll(/^ {2}next: (.*)$/gm)].map((match) => match[1] as string);
  const members = [...text.matchAll(/"next": ("(?:[^"\\]|\\.)*")/g)].map((match) => JSON.parse(match[1] as string));
  return [...lines, ...members];
}

/** What holds for all that the program ever writes when nobody watches it on a terminal. */
function checkWords(text: string, what: string): void {
  assert.ok(!text.includes("\x1b"), `${what} has an escape sequence`);
  assert.doesNotMatch(text, /^ +at .*:\d+:\d+\)?$/m, `${what} has a stack`);
  assert.doesNotMatch(text, /undefined|\[object|NaN/, `${what} shows a value that is none`);
  for (const next of nextsOf(text)) commandOf(next);
}

/** A process that has ended. */
export class Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;

  constructor(code: number | null, stdout: string, stderr: string) {
    this.code = code;
    this.stdout = stdout;
    this.stderr = stderr;
  }

  /** Standard output as the one JSON document that it is. */
  json<T>(): T {
    return JSON.parse(this.stdout) as T;
  }

  /** Fails with both streams where the exit code is another. */
  exits(code: number): this {
    assert.equal(this.code, code, `exit code ${this.code}\n--- stdout\n${this.stdout}--- stderr\n${this.stderr}`);
    return this;
  }
}

/** A process under way. */
export class Running {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  private readonly ended: Promise<Ended>;
  private readonly waiting: (() => void)[] = [];

  /**
   * @param program with its arguments
   * @param detached whether it leads a process group of its own, as a terminal's job does
   */
  constructor(program: readonly string[], cwd: string, env: NodeJS.ProcessEnv, detached = false) {
    this.child = spawn(process.execPath, program, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached });
    this.child.stdout?.setEncoding("utf8").on("data", (text) => {
      this.stdout += text;
      for (const wake of this.waiting.splice(0)) wake();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
      for (const wake of this.waiting.splice(0)) wake();
    });
    this.ended = once(this.child, "close").then(([code]) => {
      for (const wake of this.waiting.splice(0)) wake();
      return new Ended(code, this.stdout, this.stderr);
    });
  }

  /** Resolves when either stream has said it; fails where the process ends without. */
  async said(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout) && !pattern.test(this.stderr)) {
      assert.equal(this.child.exitCode ?? this.child.signalCode, null, `ended without ${pattern}: ${this.stderr}`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** Sends to the process alone, as `kill` does, or to all of its group, as a terminal does. */
  signal(name: NodeJS.Signals, to: "process" | "group"): void {
    const pid = this.child.pid as number;
    process.kill(to === "group" ? -pid : pid, name);
  }

  end(): Promise<Ended> {
    return this.ended;
  }
}

/** The program in a folder and an environment of its own. */
export class Cli implements Disposable {
  readonly folder = new TemporaryFolder();
  readonly env: NodeJS.ProcessEnv;

  private constructor(env: Readonly<Record<string, string | undefined>>) {
    const own = Object.entries(process.env).filter(
      ([name]) =>
        !/^(?:CANDLELAKE_|DATA_BUCKET$|GOOGLE_|NODE_|STORAGE_|BIGQUERY_|NO_COLOR$|FORCE_COLOR$|.*_proxy$)/i.test(name),
    );
    this.env = { ...Object.fromEntries(own), ...env };
  }

  /** No venue answers. */
  static closed(env: Readonly<Record<string, string>> = {}): Cli {
    const endpoints = {
      CANDLELAKE_BINANCE_US_REST: CLOSED,
      CANDLELAKE_BINANCE_SPOT_REST: CLOSED,
      CANDLELAKE_BINANCE_FUTURES_REST: CLOSED,
    };
    return new Cli({ ...endpoints, ...env });
  }

  /** Made data from the generator: the network has no part in it. */
  static made(env: Readonly<Record<string, string>> = {}): Cli {
    return new Cli({ CANDLELAKE_SYNTHETIC: "1", ...env });
  }

  /** Turned to a twin, or another server. */
  static at(settings: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}): Cli {
    return new Cli({ ...settings, ...env });
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }

  start(...args: string[]): Running {
    return new Running([BIN, ...args], this.folder.path, this.env);
  }

  /** In a process group of its own; `child` as where Node is too old, and the program is not what was started. */
  startJob(as: "itself" | "child", ...args: string[]): Running {
    const launcher = as === "child" ? [LAUNCHER] : [];
    return new Running([...launcher, BIN, ...args], this.folder.path, this.env, true);
  }

  /** Runs to the end, and checks what holds for every answer. */
  async run(...args: string[]): Promise<Ended> {
    const ended = await this.start(...args).end();
    const what = `candlelake ${args.join(" ")}`;
    assert.notEqual(ended.code, 70, `${what} met a bug: ${ended.stderr}`);
    checkWords(ended.stderr, what);
    if (args[args.indexOf("--format") + 1] === "json" || args.includes("--format=json")) {
      assert.doesNotThrow(() => JSON.parse(ended.stdout), `${what}: ${ended.stdout}`);
      checkWords(ended.stdout, what);
    }
    return ended;
  }

  /** Runs with `--format json` and reads the answer. */
  async json<T = WorkAnswer>(...args: string[]): Promise<T> {
    return (await this.run(...args, "--format", "json")).json<T>();
  }

  /** Runs a command that a message or an answer names. */
  async follow(line: string): Promise<Ended> {
    return this.run(...commandOf(line));
  }

  path(...names: string[]): string {
    return path.join(this.folder.path, ...names);
  }
}

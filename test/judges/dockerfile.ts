import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, isAbsolute, join, posix } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of a Dockerfile, continued lines joined. */
export function instructionsOf(text: string): Instruction[] {
  const lines = text
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [, name = "", rest = ""] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (!name) throw new Error(`no instruction: ${line}`);
    return { name, text: rest };
  });
}

/** What a `.dockerignore` of the form "nothing but these" lets through. */
function contextOf(root: string, ignore: string): (path: string) => boolean {
  const lines = ignore.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  if (lines[0] !== "*" || !lines.slice(1).every((line) => line.startsWith("!"))) throw new Error("not of that form");
  const kept = lines.slice(1).map((line) => line.slice(1));
  return (path) => {
    const name = posix.relative(root, path);
    return name === "" || kept.some((keep) => `${name}/`.startsWith(`${keep}/`) || keep.startsWith(`${name}/`));
  };
}

export interface Image {
  /** Where the last stage's files lie. */
  readonly root: string;
  readonly base: string;
  readonly user: string;
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

/**
 * Does by hand what a Dockerfile says, each stage in a folder of its own. What the base image brings is the machine's:
 * `path` is where its `node` and `npm` are found.
 */
export async function buildByHand(dockerfile: string, context: string, work: string, path: string): Promise<Image> {
  const admits = contextOf(context, readFileSync(`${dockerfile}.dockerignore`, "utf8"));
  const stages = new Map<string, string>();
  let image: Image | undefined;
  const stage = (): Image => {
    if (!image) throw new Error("the first instruction is not FROM");
    return image;
  };
  for (const { name, text } of instructionsOf(readFileSync(dockerfile, "utf8"))) {
    if (name === "FROM") {
      const [, base = "", alias = `stage-${stages.size}`] = /^(\S+)(?: AS (\S+))?$/.exec(text) ?? [];
      const root = join(work, alias);
      mkdirSync(root, { recursive: true });
      stages.set(alias, root);
      image = { root, base, user: "root", workdir: "/", environment: {}, entrypoint: [], command: [] };
      continue;
    }
    const { root, workdir, environment } = stage();
    const inside = (target: string) => join(root, isAbsolute(target) ? target : posix.join(workdir, target));
    if (name === "WORKDIR") {
      mkdirSync(inside(text), { recursive: true });
      image = { ...stage(), workdir: posix.resolve(workdir, text) };
    } else if (name === "ENV") {
      const [, key = "", value = ""] = /^(\w+)=(\S+)$/.exec(text) ?? [];
      image = { ...stage(), environment: { ...environment, [key]: value } };
    } else if (name === "USER") image = { ...stage(), user: text };
    else if (name === "ENTRYPOINT") image = { ...stage(), entrypoint: JSON.parse(text) };
    else if (name === "CMD") image = { ...stage(), command: JSON.parse(text) };
    else if (name === "COPY") {
      const words = text.split(/\s+/);
      const from = words[0]?.startsWith("--from=")
        ? stages.get((words.shift() ?? "").slice("--from=".length))
        : context;
      const target = words.pop() ?? "";
      if (from === undefined) throw new Error(`COPY ${text}: there is no such stage`);
      for (const word of words)
        copy(join(from, word), inside(target), target.endsWith("/") || target === ".", admits, from === context);
    } else if (name === "RUN") {
      const env = { ...process.env, ...environment, PATH: path };
      await run("sh", ["-c", text], { cwd: inside(workdir), env, maxBuffer: 2 ** 26 });
    } else throw new Error(`${name} is not known here`);
  }
  return stage();
}

/** A folder's contents, or a file, as COPY has it. */
function copy(
  source: string,
  target: string,
  isFolder: boolean,
  admits: (path: string) => boolean,
  filter: boolean,
): void {
  const options = { recursive: true, verbatimSymlinks: true, ...(filter ? { filter: admits } : {}) };
  if (filter && !admits(source)) throw new Error(`${source} is not in the build's context`);
  if (statSync(source).isDirectory()) {
    mkdirSync(target, { recursive: true });
    for (const name of readdirSync(source)) cpSync(join(source, name), join(target, name), options);
  } else {
    if (isFolder) mkdirSync(target, { recursive: true });
    cpSync(source, isFolder ? join(target, basename(source)) : target, options);
  }
}

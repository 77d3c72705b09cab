// deploy/ as readers of HCL and YAML see it.
import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const DEPLOY = resolve(import.meta.dirname, "../../deploy");
export const PYTHON = process.env["CANDLELAKE_PYTHON"];
export const skip = PYTHON ? false : "CANDLELAKE_PYTHON names no Python with python-hcl2 and PyYAML";

// biome-ignore lint/suspicious/noExplicitAny: whatever the files hold
export type Tree = any;

export class DeployFiles {
  readonly terraform: Readonly<Record<string, Tree>>;
  readonly workflow: Tree;

  private constructor(terraform: Readonly<Record<string, Tree>>, workflow: Tree) {
    this.terraform = terraform;
    this.workflow = workflow;
  }

  static async read(): Promise<DeployFiles> {
    const script = join(import.meta.dirname, "deploy.judge.py");
    const { stdout } = await run(PYTHON ?? "", [script, DEPLOY]);
    const { terraform, workflow } = JSON.parse(stdout);
    return new DeployFiles(terraform, workflow);
  }

  /** The resources of a kind, by name. */
  resources(kind: string): Record<string, Tree> {
    const found = this.blocks("resource").filter((resource) => kind in resource);
    return Object.fromEntries(found.flatMap((resource) => Object.entries(resource[kind])));
  }

  output(name: string): Tree {
    return this.blocks("output").flatMap((output) => output[name] ?? [])[0];
  }

  blocks(kind: string): Tree[] {
    return Object.values(this.terraform).flatMap((file) => file[kind] ?? []);
  }

  /** A text as Terraform fills it in, with these values of variables. */
  filled(text: string, values: Readonly<Record<string, string>>): string {
    return text.replaceAll(/\$\{(?<expression>[^}]+)\}/g, (_, expression: string) => this.value(expression, values));
  }

  private value(expression: string, values: Readonly<Record<string, string>>): string {
    const trimmed = /^trimsuffix\((?<inner>.+), "(?<suffix>[^"]*)"\)$/.exec(expression)?.groups;
    if (trimmed?.["inner"]) {
      const [whole, suffix = ""] = [this.value(trimmed["inner"], values), trimmed["suffix"]];
      return whole.endsWith(suffix) ? whole.slice(0, whole.length - suffix.length) : whole;
    }
    const [head = "", name = "", attribute = ""] = expression.split(".");
    const text = head === "var" ? values[name] : this.resources(head)[name]?.[attribute];
    if (text === undefined) throw new Error(`no value for ${expression}`);
    return this.filled(text, values);
  }
}

import { completionScript } from "../completion.ts";
import type { Context } from "../context.ts";
import { write } from "../output.ts";
import { SPECS } from "../specs.ts";

export async function run(context: Context): Promise<number> {
  await write(completionScript(context.args[0] as "bash" | "zsh" | "fish", SPECS));
  return 0;
}

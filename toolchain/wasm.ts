// Assembles what is written in WebAssembly's text format, and writes its bytes into the module that carries them.
//   npm run wasm
import { readFileSync, writeFileSync } from "node:fs";
import wabt from "wabt";

export const SOURCE = new URL("../src/archive/kline-lines.wat", import.meta.url);
const CODE = new URL("../src/archive/kline-lines-code.ts", import.meta.url);

/** The binary form of a text of WebAssembly. */
export async function assemble(source: URL): Promise<Uint8Array> {
  const { parseWat } = await wabt();
  const module = parseWat(source.pathname, readFileSync(source, "utf8"));
  module.validate();
  const { buffer } = module.toBinary({});
  module.destroy();
  return buffer;
}

if (import.meta.main) {
  const text = Buffer.from(await assemble(SOURCE)).toString("base64");
  const lines = text.match(/.{1,110}/g) ?? [];
  writeFileSync(
    CODE,
    `// Made of kline-lines.wat by \`npm run wasm\`.\nexport const CODE =\n${lines.map((line) => `  "${line}"`).join(" +\n")};\n`,
  );
}

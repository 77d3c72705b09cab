import { FileStore } from "../../src/stores/file.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { TemporaryFolder } from "../fakes/folder.ts";
import { storeContract } from "./store.ts";

storeContract("MemoryStore", () => ({ store: new MemoryStore(), [Symbol.dispose]() {} }));

storeContract("FileStore", () => {
  const folder = new TemporaryFolder();
  return { store: new FileStore(folder.join("lake")), [Symbol.dispose]: () => folder[Symbol.dispose]() };
});

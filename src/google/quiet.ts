/** What the library says to its developers' developers; ours have checked what the file is. */
const KNOWN = "The `credentials` option is deprecated.";

/** Makes a client without the library's own words on standard error, where every line is ours. */
export function quietly<T>(make: () => T): T {
  const { warn } = console;
  console.warn = (...words: unknown[]) => {
    if (!String(words[0]).startsWith(KNOWN)) warn(...words);
  };
  try {
    return make();
  } finally {
    console.warn = warn;
  }
}

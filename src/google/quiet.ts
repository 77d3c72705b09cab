/**
 * What the library says to its developers' developers: of every file of credentials, and of those that name addresses. The
 * user chose the file, as for every client of Google's.
 */
const KNOWN =
  /^The `(?:credentials` option is deprecated|(?:fromJSON` method|Impersonated` constructor) does not validate)/;

/** Makes a client without the library's own words on standard error, where every line is ours. */
export function quietly<T>(make: () => T): T {
  const { warn } = console;
  console.warn = (...words: unknown[]) => {
    if (!KNOWN.test(String(words[0]))) warn(...words);
  };
  try {
    return make();
  } finally {
    console.warn = warn;
  }
}

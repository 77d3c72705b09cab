/** The clients' own variables: they change the shape of their addresses, so they are read by us and hidden from them. */
const EMULATORS = ["STORAGE_EMULATOR_HOST", "BIGQUERY_EMULATOR_HOST"];

/** Makes a client that does not see the emulators' variables: clients read them when they are made. */
export function withoutEmulators<T>(make: () => T): T {
  const kept = EMULATORS.map((name) => [name, process.env[name]] as const);
  for (const name of EMULATORS) delete process.env[name];
  try {
    return make();
  } finally {
    for (const [name, value] of kept) if (value !== undefined) process.env[name] = value;
  }
}

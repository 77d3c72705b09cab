import * as assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { type Flags, resolveConfig } from "../../src/config.ts";
import { AppError } from "../../src/core/errors.ts";
import { ENDPOINT_VARIABLES, type Endpoints } from "../../src/endpoints.ts";
import { TemporaryFolder } from "../fakes/folder.ts";

/** What nobody may read in a message. */
const SECRET = "s3cret";

const SECRETIVE = [
  `http://user:${SECRET}@127.0.0.1:1`,
  `HTTPS://${SECRET}@127.0.0.1:1/base`,
  `http:user:${SECRET}@127.0.0.1:1`,
  `http://127.0.0.1:1?key=${SECRET}`,
  `http://127.0.0.1:1/base#${SECRET}`,
  // No addresses, or of another kind, as a slip of the hand makes them.
  `user:${SECRET}@127.0.0.1:1`,
  `${SECRET}:user@127.0.0.1:1`,
  `http://user:${SECRET}/x@127.0.0.1:1`,
  `ftp://user:${SECRET}@127.0.0.1:1`,
];

const NAMES = Object.keys(ENDPOINT_VARIABLES) as (keyof Endpoints)[];

function refusalOf(flags: Flags, environment: Readonly<Record<string, string>>): AppError {
  try {
    resolveConfig(flags, environment);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return assert.fail("nothing was refused");
}

/** The same everywhere: wrong usage, where it was set, and nothing of the address. */
function checkRefusal({ exitCode, code, message }: AppError, from: string): void {
  assert.deepEqual([exitCode, code], [2, "bad-endpoint"]);
  assert.ok(message.startsWith(`${from}: an endpoint is http(s)://HOST[:PORT][/PATH]`), message);
  assert.ok(!message.includes(SECRET), message);
}

describe("an address with a user, a password or a key in it is refused, and not said again", () => {
  for (const name of NAMES) {
    test(name, () => {
      for (const address of SECRETIVE) {
        for (const variable of ENDPOINT_VARIABLES[name]) checkRefusal(refusalOf({}, { [variable]: address }), variable);
        checkRefusal(refusalOf({ endpoints: { [name]: address } }, {}), `endpoints.${name}`);
        using own = new TemporaryFolder();
        const file = own.join("lake.json");
        writeFileSync(file, JSON.stringify({ endpoints: { [name]: address } }));
        checkRefusal(refusalOf({ config: file }, {}), `${file}: endpoints.${name}`);
      }
    });
  }
});

test("an address may have a path, whatever signs are in it", () => {
  const { config } = resolveConfig({}, { CANDLELAKE_STORAGE_ENDPOINT: "http://127.0.0.1:1/base/a@b/" });
  assert.equal(config.endpoints.storage, "http://127.0.0.1:1/base/a@b");
});

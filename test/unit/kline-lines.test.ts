// The reader of plain lines on its own: what it takes, where it stops, and that windows do not show.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KlineLines } from "../../src/archive/kline-lines.ts";
import { CODE } from "../../src/archive/kline-lines-code.ts";
import { assemble, SOURCE } from "../../toolchain/wasm.ts";

const LIMITS = { least: 1e11, beyond: 1e14, from: 1_000_000_000_000, to: 2_000_000_000_000 };
const NUMBERS = 11;
/** Times and the count of trades: whole numbers. */
const WHOLE = [0, 6, 8];

interface Taken {
  readonly rows: readonly (readonly number[])[];
  readonly starts: readonly number[];
  /** Where lines begin that are none of the reader's. */
  readonly left: readonly number[];
}

function read(text: string, room = 16): Taken {
  const bytes = Buffer.from(text, "latin1");
  const lines = new KlineLines(bytes);
  const columns = Array.from({ length: NUMBERS }, () => new Float64Array(room));
  const starts = new Uint32Array(room);
  const [rows, places, left]: [number[][], number[], number[]] = [[], [], []];
  for (let at = 0; at < bytes.length; ) {
    const count = lines.take(at, columns, starts, 0, LIMITS);
    for (let row = 0; row < count; row++) {
      rows.push(columns.map((column) => column[row] as number));
      places.push(starts[row] as number);
    }
    if (count === 0) left.push(at);
    at = count > 0 ? lines.next : bytes.indexOf(0x0a, at) + 1;
  }
  return { rows, starts: places, left };
}

const PLAIN = /^-?\d+(?:\.\d+)?$/;

/** What is to come out, by regular expressions and `Number()`. */
function expected(text: string): Taken {
  const [rows, starts, left]: [number[][], number[], number[]] = [[], [], []];
  let at = 0;
  for (const line of text.slice(0, -1).split("\n")) {
    const fields = line.split(",");
    const texts = fields.slice(0, NUMBERS);
    const values = texts.map(Number);
    const timed = [values[0] ?? Number.NaN, values[6] ?? Number.NaN].every(
      (time) => time >= LIMITS.least && time < LIMITS.beyond,
    );
    const open = values[0] as number;
    const plain =
      fields.length === NUMBERS + 1 &&
      texts.every((field) => PLAIN.test(field) && isShort(field)) &&
      WHOLE.every((field) => Number.isInteger(values[field])) &&
      timed &&
      open >= LIMITS.from &&
      open < LIMITS.to;
    if (plain) {
      rows.push(values);
      starts.push(at);
    } else left.push(at);
    at += line.length + 1;
  }
  return { rows, starts, left };
}

/** At most 18 digits that are a whole number below 2^53, without the zeros at a fraction's end. */
function isShort(field: string): boolean {
  const digits = field.replace(/[-.]/g, "");
  const mantissa = BigInt((field.includes(".") ? field.replace(/0+$/, "") : field).replace(/[-.]/g, ""));
  return digits.length <= 18 && mantissa < 2n ** 53n;
}

const digits = (max: number) => fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: max });
const number = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(digits(9), digits(9)).map((parts) => parts.join(".")) },
  { weight: 5, arbitrary: digits(20) },
  { weight: 3, arbitrary: fc.tuple(digits(10), fc.constantFrom(".00", ".00000000")).map((parts) => parts.join("")) },
  { weight: 2, arbitrary: fc.tuple(digits(18), digits(22)).map((parts) => `-${parts.join(".")}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", "-", ".5", "5.", "1e5", "0E-8", "1.2.3", " 1", "1 ", "NaN", "+1", "--1", "1-", "０"),
  },
);
const time = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: LIMITS.from, max: LIMITS.to }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "999999999999",
      "2000000000000",
      "1577836800000.0",
      "1577836800000.5",
      "99",
      "100000000000000",
    ),
  },
);
const line = fc
  .tuple(
    fc.array(number, { minLength: NUMBERS, maxLength: NUMBERS }),
    time,
    time,
    fc.nat(99_999),
    fc.string({ unit: "binary-ascii", maxLength: 3 }),
  )
  .map(([numbers, opened, closed, trades, last]) => {
    const fields = [opened, ...numbers.slice(1, 6), closed, numbers[7], `${trades}`, ...numbers.slice(9)];
    return `${[...fields, last.replace(/\n/g, "")].join(",")}\n`.replace("０", "\xff");
  });

test("lines are taken or left, and are what Number() reads", () => {
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), (lines) => {
      const text = lines.join("");
      assert.deepEqual(read(text), expected(text));
    }),
    { numRuns: 3000 },
  );
});

test("most lines of the property are taken, and some are left", () => {
  const lines = fc.sample(line, { numRuns: 2000, seed: 5 });
  const { rows, left } = read(lines.join(""), 1000);
  assert.ok(rows.length > 500 && left.length > 100, `${rows.length} and ${left.length}`);
});

test("where the text is cut into windows does not show", () => {
  const plain = (i: number) =>
    `${1_600_000_000_000 + i},${i}.${"1".repeat((i % 9) + 1)},2,-3.5,4,5,${1_600_000_059_999 + i},6.25,${i},7,8,${"0".repeat(i % 50)}\n`;
  const lines = Array.from({ length: 12_000 }, (_, i) =>
    i % 997 === 0 ? `${plain(i).slice(0, -1)},more\n` : plain(i),
  );
  // Longer than any window.
  lines[6000] = `${plain(1).slice(0, -1)}${"0".repeat(300_000)}\n`;
  lines[7000] = `${"1".repeat(200_000)}\n`;
  lines[7001] = "\n";
  const text = lines.join("");
  const { rows, starts, left } = read(text, 3000);
  const whole = expected(lines.with(6000, plain(1)).join(""));
  assert.equal(rows.length + left.length, lines.length);
  assert.deepEqual(new Set([...starts, ...left]).size, lines.length);
  // The long line is plain, and left all the same.
  assert.equal(left.length, whole.left.length + 1);
  assert.equal(text.slice(starts.at(-1)), lines.at(-1));
});

test("a line without its end is left", () => {
  const text = "1600000000000,1,2,3,4,5,1600000059999,6,7,8,9,0";
  const lines = new KlineLines(Buffer.from(text));
  const columns = Array.from({ length: NUMBERS }, () => new Float64Array(4));
  assert.equal(lines.take(0, columns, new Uint32Array(4), 0, LIMITS), 0);
});

test("the code is that of its source", async () => {
  assert.equal(Buffer.from(await assemble(SOURCE)).toString("base64"), CODE);
});

import type { TextColumn } from "../core/batch.ts";

/** A text column's own words in the order in which the rows first use them, and a code for each row. */
export interface Words {
  readonly words: readonly string[];
  /** null where there is one word at most. */
  readonly codes: Uint8Array | null;
}

/**
 * Text in a form that depends on the rows alone, not on how a batch happens to lay out its dictionary.
 *
 * @throws TypeError where a code has no word
 */
export function wordsOf(column: TextColumn, rows: number): Words {
  const { dictionary, codes } = column;
  if (rows === 0) return { words: [], codes: null };
  if (codes === null) return { words: [wordAt(dictionary, 0)], codes: null };
  const words: string[] = [];
  const own = new Int16Array(256).fill(-1);
  const result = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    const code = codes[i] as number;
    let index = own[code] as number;
    if (index < 0) {
      const word = wordAt(dictionary, code);
      index = words.indexOf(word);
      if (index < 0) index = words.push(word) - 1;
      own[code] = index;
    }
    result[i] = index;
  }
  return { words, codes: words.length > 1 ? result : null };
}

function wordAt(dictionary: readonly string[], code: number): string {
  const word = dictionary[code];
  if (word === undefined) throw new TypeError(`code ${code} has no word in a dictionary of ${dictionary.length}`);
  return word;
}

import { type Table, UnusableData } from './table.js';

export interface Fields {
  /** The column whose text is embedded. */
  readonly text: string;
  /** The column that names a row in the answer. */
  readonly title: string;
}

/** A first choice: what reads like sentences is searched, and what is short and differs from row to row is the title. */
export function guessFields({ columns, rows }: Table): Fields {
  const sample = rows.slice(0, 200);
  const described = columns.map((name) => {
    const values = sample.map((row) => row[name] ?? '');
    const words = values.map((value) => value.split(/\s+/).filter((word) => /\p{L}{2}/u.test(word)).length);
    return {
      name,
      words: mean(words),
      length: mean(values.map((value) => value.length)),
      distinct: new Set(values).size / values.length,
    };
  });
  const text = described.reduce((best, column) => (column.words > best.words ? column : best));
  if (text.words === 0) {
    throw new UnusableData(
      `None of the columns (${columns.join(', ')}) has words in it. Search is by the meaning of words, which numbers and codes have not. Add a column with a description.`,
    );
  }
  const titles = described.filter(({ name, words, length, distinct }) => {
    return name !== text.name && words > 0 && length <= 80 && distinct > 0.5;
  });
  return { text: text.name, title: titles[0]?.name ?? text.name };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

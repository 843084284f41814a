/** What was pasted or dropped, as rows of named columns. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** The data cannot be used as it is; the message says what to change. */
export class UnusableData extends Error {
  override readonly name = 'UnusableData';
}

const MAX_BYTES = 20e6;
const MAX_ROWS = 50_000;

export async function readFile(file: File): Promise<Table> {
  if (file.size > MAX_BYTES) {
    throw new UnusableData(
      `${file.name} has ${(file.size / 1e6).toFixed(1)} MB. This page holds a file in memory while it reads it, so it takes ${MAX_BYTES / 1e6} MB. Cut it into parts, or leave out columns.`,
    );
  }
  const text = await file.text();
  // U+FFFD stands where bytes were no UTF-8, U+0000 in no text.
  if (text.includes('\0') || text.slice(0, 10_000).split('\uFFFD').length > 20) {
    throw new UnusableData(
      `${file.name} is not text, or not in UTF-8. It would be searched as gibberish. Export it as CSV or JSON in UTF-8: a spreadsheet does so by "Save as".`,
    );
  }
  return readText(text);
}

/** JSON by its first character, CSV by a separator in the first line; else each line is a row. */
export async function readText(text: string): Promise<Table> {
  const content = text.replace(/^\uFEFF/, '').trim();
  if (content === '') {
    throw new UnusableData(
      'There is no text in it. Search needs at least one row. Paste a list, a CSV or a JSON array.',
    );
  }
  const table = /^[[{]/.test(content) ? fromJson(content) : await fromLines(content);
  if (table.rows.length > MAX_ROWS) {
    throw new UnusableData(
      `There are ${table.rows.length.toLocaleString('en')} rows. This page takes ${MAX_ROWS.toLocaleString('en')}, so that the import ends within minutes on a phone. Cut the list.`,
    );
  }
  return table;
}

function fromJson(content: string): Table {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (cause) {
    throw new UnusableData(
      `It begins as JSON, but is none: ${(cause as Error).message}. Check the brackets, commas and quotes there; a list of plain lines needs no brackets.`,
      { cause },
    );
  }
  const list = listIn(parsed);
  const columns = new Set<string>();
  const rows = list.map((item) => {
    const entries = isObject(item) ? Object.entries(item) : [['text', item] as const];
    const row = Object.create(null) as Record<string, string>;
    for (const [name, value] of entries) {
      columns.add(name);
      row[name] = textOf(value);
    }
    return row;
  });
  return { columns: [...columns], rows };
}

/** The array itself, or the longest one that an object has: `{ "items": […] }`. */
function listIn(parsed: unknown): unknown[] {
  const lists = Array.isArray(parsed) ? [parsed] : Object.values(parsed as object).filter(Array.isArray);
  const [longest] = lists.sort((a, b) => b.length - a.length);
  if (longest !== undefined && longest.length > 0) return longest;
  throw new UnusableData(
    'The JSON has no list in it. Each item of a list becomes a record to search. Give an array, such as [{ "title": "…", "text": "…" }], or an object that has one.',
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return isObject(value) ? JSON.stringify(value) : String(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function fromLines(content: string): Promise<Table> {
  const [first = ''] = content.split('\n', 1);
  if (!content.includes('\n') || !/[,;\t|]/.test(first)) {
    const lines = content.split('\n').map((line) => line.trim());
    return { columns: ['text'], rows: lines.filter((line) => line !== '').map((text) => ({ text })) };
  }
  const { parseCsv } = await import('./csv.js');
  return parseCsv(content);
}

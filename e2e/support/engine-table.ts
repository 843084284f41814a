import { readFileSync, writeFileSync } from 'node:fs';

export type Engine = 'Chromium' | 'Firefox' | 'WebKitGTK';

const README = new URL('../../README.md', import.meta.url);
const TABLE = /(<!-- engines -->\n)((?:\|.*\n)+)/;
/** In the user agent of each; that of WebKitGTK is made up. */
const VERSION: Partial<Record<Engine, RegExp>> = { Chromium: /Chrome\/(\d+)/, Firefox: /Firefox\/(\d+)/ };

/** One engine's column of the README's table: row → cell. */
export function readColumn(engine: Engine): Record<string, string> {
  const [head, , ...rows] = tableOf(readFileSync(README, 'utf8'));
  const at = columnOf(engine, head!);
  return Object.fromEntries(rows.map((row) => [row[0]!, row[at]!]));
}

/** Puts what was measured into the README. Rows are in the order of `cells`; what is said of each stays. */
export function writeColumn(engine: Engine, userAgent: string, cells: Record<string, string>): void {
  const readme = readFileSync(README, 'utf8');
  const [head, line, ...rows] = tableOf(readme);
  const at = columnOf(engine, head!);
  const version = VERSION[engine]?.exec(userAgent)?.[1];
  if (version !== undefined) head![at] = `${engine} ${version}`;
  const written = Object.entries(cells).map(([name, cell]) => {
    const row = rows.find(([known]) => known === name) ?? [name, ...head!.slice(1).map(() => '')];
    row[at] = cell;
    return row;
  });
  const text = [head!, line!, ...written].map((row) => `| ${row.join(' | ')} |\n`).join('');
  writeFileSync(
    README,
    readme.replace(TABLE, (_, marker: string) => marker + text),
  );
}

function tableOf(readme: string): string[][] {
  const table = TABLE.exec(readme)?.[2];
  if (table === undefined) throw new Error('The README has no table after <!-- engines -->.');
  return table
    .trim()
    .split('\n')
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

function columnOf(engine: Engine, head: readonly string[]): number {
  const at = head.findIndex((cell) => cell.startsWith(engine));
  if (at === -1) throw new Error(`The README's table has no column for ${engine}.`);
  return at;
}

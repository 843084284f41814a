/** Text in rows and columns, for the page and for the terminal. */
export interface Table {
  title: string;
  header: string[];
  rows: string[][];
  notes: string[];
}

export function toMarkdown({ title, header, rows, notes }: Table): string {
  const widths = header.map((_, i) => Math.max(3, ...[header, ...rows].map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => pad(cell, widths[i]!, i)).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const text = [`**${title}**`, '', line(header), rule, ...rows.map(line), ''];
  for (const note of notes) text.push(`- ${note}`);
  if (notes.length > 0) text.push('');
  return text.join('\n');
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** Three significant digits, never in scientific notation. */
export function significant(value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

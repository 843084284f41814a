import Papa from 'papaparse';
import { type Table, UnusableData } from './table.js';

/** CSV whose first line names the columns; the separator is found out. */
export function parseCsv(content: string): Table {
  const { data, errors, meta } = Papa.parse<Record<string, string>>(content, {
    header: true,
    skipEmptyLines: 'greedy',
  });
  const broken = errors.find(({ type }) => type === 'Quotes');
  if (broken !== undefined) {
    throw new UnusableData(
      `In row ${(broken.row ?? 0) + 1} a quotation mark is left open or stands alone. Everything after it would be one cell. Close it; inside a quoted cell write it twice: "".`,
    );
  }
  if (data.length === 0) {
    throw new UnusableData(
      'The CSV has one line. The first line names the columns, so there is no row to search. Add rows below it.',
    );
  }
  return { columns: meta.fields ?? [], rows: data };
}

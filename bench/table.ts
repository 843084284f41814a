import { significant, type Table } from './markdown.js';
import { sizeLabel } from './params.js';
import { LABELS, type SystemName } from './peers/contract.js';
import type { GoalResult, Measurement, Results, SetResults } from './results.js';
import type { Column } from './rows/context.js';
import { TABLES } from './rows/index.js';

export function tablesOf({ sets, goals }: Results): Table[] {
  return [...sets.flatMap(tablesOfSet), ...(goals.length > 0 ? [goalTable(goals)] : [])];
}

export function tablesOfSet(set: SetResults): Table[] {
  const name = `${set.data} ${sizeLabel(set.size)} × ${set.dimension}`;
  const measured = TABLES.map((kind) => tableOf(`${name}: ${kind.title}`, kind, set.measurements));
  measured.push(
    { title: `${name}: left out`, header: ['reason'], rows: set.skipped.map((text) => [text]), notes: [] },
    {
      title: `${name}: not measured`,
      header: ['failure'],
      rows: set.failures.map((text) => [text]),
      notes: [],
    },
  );
  return measured.filter(({ rows }) => rows.length > 0);
}

function tableOf(
  title: string,
  { name, columns, principal }: (typeof TABLES)[number],
  measurements: readonly Measurement[],
): Table {
  const measured = measurements.filter(({ row }) => row === name);
  return {
    title,
    header: ['', ...columns.map((column) => column.title), '× JS', '× hnswlib'],
    rows: measured.map((one) => [
      labelOf(one),
      ...columns.map((column) => format(one.values[column.key], column.unit)),
      ...(['js', 'hnsw'] as const).map((system) =>
        ratio(one.values[principal], peerOf(one, system, measured)?.values[principal]),
      ),
    ]),
    notes: notesOf(measured),
  };
}

/**
 * The line of a system to compare with: under the same filter, in the same setting where it has that, and, where both
 * were set for one, for the same recall.
 */
function peerOf(
  { wanted, passing, variant }: Measurement,
  system: SystemName,
  measured: readonly Measurement[],
): Measurement | undefined {
  const lines = measured.filter((other) => other.system === system && other.passing === passing);
  return (
    lines.find((other) => variant !== undefined && other.variant === variant) ??
    lines.find((other) => wanted === undefined || system === 'js' || other.wanted === wanted)
  );
}

/** A note that all lines of a system have is about the system. */
function notesOf(measured: readonly Measurement[]): string[] {
  const notes = measured.flatMap((one) => {
    const siblings = measured.filter(({ system }) => system === one.system);
    return one.notes.map((note) => {
      const isCommon = siblings.every((sibling) => sibling.notes.includes(note));
      return `${isCommon ? LABELS[one.system] : labelOf(one)}: ${note}`;
    });
  });
  return [...new Set(notes)];
}

export function goalTable(goals: readonly GoalResult[]): Table {
  return {
    title: 'Goals of nearshore',
    header: ['goal', 'limit', 'measured', ''],
    rows: goals.map(({ set, goal, bound, limit, measured, met }) => [
      `${set}: ${goal}`,
      `${bound} ${significant(limit)}`,
      significant(measured),
      met ? 'met' : 'missed',
    ]),
    notes: [],
  };
}

function labelOf({ system, variant }: Measurement): string {
  return variant === undefined ? LABELS[system] : `${LABELS[system]}, ${variant}`;
}

function format(value: number | undefined, unit: Column['unit']): string {
  if (value === undefined) return '–';
  switch (unit) {
    case 'ms':
      return `${significant(value)} ms`;
    case 'bytes':
      return `${significant(value / 1e6)} MB`;
    case 'share':
      return value.toFixed(4);
    case 'per second':
    case 'count':
      return significant(value);
    case 'times':
      return `${significant(value)} ×`;
  }
}

function ratio(a: number | undefined, b: number | undefined): string {
  return a === undefined || b === undefined ? '–' : significant(a / b);
}

export function toElement({ title, header, rows, notes }: Table): HTMLElement {
  const section = document.createElement('section');
  const table = section.appendChild(document.createElement('table'));
  table.createCaption().textContent = title;
  fill(table.createTHead().insertRow(), header, 'col');
  const body = table.createTBody();
  for (const row of rows) fill(body.insertRow(), row, undefined);
  for (const note of notes) section.appendChild(document.createElement('p')).textContent = note;
  return section;
}

function fill(row: HTMLTableRowElement, cells: readonly string[], scope: 'col' | undefined): void {
  for (const [i, text] of cells.entries()) {
    const cell = document.createElement(scope || i === 0 ? 'th' : 'td');
    if (cell.tagName === 'TH') cell.setAttribute('scope', scope ?? 'row');
    cell.textContent = text;
    row.append(cell);
  }
}

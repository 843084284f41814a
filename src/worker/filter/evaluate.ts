import type { FilterNode } from '../../shared/filter-parse.js';
import { type Bitmap, createBitmap } from '../bitmap.js';
import type { Slice } from '../slices.js';
import { allRows, complement, intersection, union } from './bitmap-sets.js';
import type { Columns } from './field-columns.js';

/** What columns know about the rows that pass. The same bitmap twice: they know all. */
export interface Bounds {
  readonly certain: Bitmap;
  /** `certain`, and the rows that the columns cannot decide. */
  readonly possible: Bitmap;
}

/** The fields that a filter names, by the names of their paths. */
export function pathsOf(
  node: FilterNode,
  paths = new Map<string, readonly string[]>(),
): Map<string, readonly string[]> {
  switch (node.op) {
    case 'and':
    case 'or':
      for (const part of node.parts) pathsOf(part, paths);
      return paths;
    case 'not':
      return pathsOf(node.part, paths);
    default:
      return paths.set(node.path.join('.'), node.path);
  }
}

/** Operands looked up between two pauses. */
const OPERANDS_AT_ONCE = 1000;

/** Evaluates a filter over columns. Pauses between conditions. */
export async function evaluate(
  node: FilterNode,
  rows: number,
  columns: Columns,
  slice: Slice,
): Promise<Bounds> {
  switch (node.op) {
    case 'and':
    case 'or': {
      const combine = node.op === 'and' ? intersection : union;
      let bounds: Bounds | undefined;
      for (const part of node.parts) {
        const next = await evaluate(part, rows, columns, slice);
        bounds = bounds === undefined ? next : both(bounds, next, combine);
      }
      // Only an `and` may be empty: {} holds for every record.
      return bounds ?? exactly(allRows(rows));
    }
    case 'not': {
      const { certain, possible } = await evaluate(node.part, rows, columns, slice);
      const not = exactly(complement(possible, rows));
      return certain === possible ? not : { certain: not.certain, possible: complement(certain, rows) };
    }
    default: {
      if (node.op === 'in' && node.operands.length > OPERANDS_AT_ONCE) {
        return evaluate({ op: 'or', parts: split(node) }, rows, columns, slice);
      }
      if (slice.isOver()) await slice.next();
      const column = columns.get(node.path.join('.'));
      if (column !== undefined) return exactly(column.passing(node));
      return { certain: createBitmap(rows), possible: allRows(rows) };
    }
  }
}

function split(node: Extract<FilterNode, { op: 'in' }>): FilterNode[] {
  const parts: FilterNode[] = [];
  for (let from = 0; from < node.operands.length; from += OPERANDS_AT_ONCE) {
    parts.push({ ...node, operands: node.operands.slice(from, from + OPERANDS_AT_ONCE) });
  }
  return parts;
}

function exactly(rows: Bitmap): Bounds {
  return { certain: rows, possible: rows };
}

function both(a: Bounds, b: Bounds, combine: (a: Bitmap, b: Bitmap) => Bitmap): Bounds {
  const certain = combine(a.certain, b.certain);
  const isExact = a.certain === a.possible && b.certain === b.possible;
  return isExact ? exactly(certain) : { certain, possible: combine(a.possible, b.possible) };
}

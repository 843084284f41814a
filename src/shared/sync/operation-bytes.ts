import type { StringColumn } from '../string-column.js';
import { utf8Length } from '../string-column.js';
import type { Operation, WithVector } from './protocol.js';

// What an operation takes in a push, where its strings are JSON.

/** Names, quotes and stamps of an operation, at most. */
export const OPERATION_BYTES = 140;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Of the control characters: \b \t \n \f \r; the others are as \u001f. */
const SHORT: ReadonlySet<number> = new Set([8, 9, 10, 12, 13]);

export function operationBytes({ id, vector, metadata, text }: WithVector<Operation>): number {
  let bytes = OPERATION_BYTES + (vector?.byteLength ?? 0) + jsonBytes(id);
  if (metadata !== undefined) bytes += jsonBytes(metadata);
  if (text !== undefined) bytes += jsonBytes(text);
  return bytes;
}

/** Of a string in JSON, without its quotes. */
export function jsonBytes(text: string): number {
  let bytes = utf8Length(text);
  for (let i = 0; i < text.length; i++) bytes += escapeBytes(text.charCodeAt(i));
  return bytes;
}

/** Of a row in JSON, without its quotes; nothing where there is no column. */
export function jsonBytesIn(column: StringColumn | undefined, row: number): number {
  if (column === undefined) return 0;
  const { bytes, offsets } = column;
  const [begin, end] = [offsets[row]!, offsets[row + 1]!];
  let length = end - begin;
  for (let i = begin; i < end; i++) length += escapeBytes(bytes[i]!);
  return length;
}

/** What is added to a character; nothing where it stands for itself. */
function escapeBytes(unit: number): number {
  if (unit >= 0x20) return unit === QUOTE || unit === BACKSLASH ? 1 : 0;
  return SHORT.has(unit) ? 1 : 5;
}

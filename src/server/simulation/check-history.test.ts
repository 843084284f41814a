import { expect, test } from 'vitest';
import { checkHistory } from './check-history.contract.js';
import type { Event, History, Replica } from './history.contract.js';

// Stamps of device a, of device b.
const a = (n: number) => `${String(n).padStart(16, '0')}aaaaaaaaaaaaaaaa`;
const b = (n: number) => `${String(n).padStart(16, '0')}bbbbbbbbbbbbbbbb`;
const holding = (records: Record<string, string>): Replica =>
  new Map(Object.entries(records).map(([id, stamp]) => [id, { id, kind: 'upsert', stamp }]));

const upsert = { id: 'x', kind: 'upsert' } as const;
const remove = { id: 'x', kind: 'delete' } as const;
const written: Event = { type: 'written', client: 0, ...upsert, stamp: a(1) };
const applied: Event = { type: 'applied', base: '', ...upsert, stamp: a(1) };
const acknowledged: Event = { type: 'acknowledged', client: 0, ...upsert, stamp: a(1) };
const deleted: Event = { type: 'applied', base: a(1), ...remove, stamp: b(2) };

function history(events: readonly Event[], end: Record<string, string>, more: Partial<History> = {}) {
  return { events, server: holding(end), clients: [holding(end), holding(end)], pending: 0, ...more };
}

test('Y1 a history as promised has no violation', () => {
  expect(checkHistory(history([written, applied, acknowledged], { x: a(1) }))).toEqual([]);
  expect(checkHistory(history([written, applied, acknowledged, deleted], {}))).toEqual([]);
});

test('Y1 planted: a write is still pending', () => {
  expect(checkHistory(history([written, applied, acknowledged], { x: a(1) }, { pending: 1 }))).toEqual([
    'after the exchange 1 writes are pending',
  ]);
});

test('Y1 planted: a device has another version, has nothing, has too much', () => {
  const events = [written, applied, acknowledged];
  const of = (...clients: Record<string, string>[]) =>
    checkHistory(history(events, { x: a(1) }, { clients: clients.map(holding) }));
  expect(of({ x: a(1) }, { x: b(1) })).toEqual([`device 1 has ${b(1)} of "x", the server has ${a(1)}`]);
  expect(of({}, { x: a(1) })).toEqual([`device 0 has nothing of "x", the server has ${a(1)}`]);
  expect(of({ x: a(1), y: b(1) })).toEqual([`device 0 has ${b(1)} of "y", the server has nothing`]);
});

test('Y2 planted: what was acknowledged is gone, or older', () => {
  expect(checkHistory(history([written, applied, acknowledged], {}))).toEqual([
    `upsert ${a(1)} of "x" was acknowledged, and the server has nothing`,
  ]);
  expect(checkHistory(history([written, applied, acknowledged], { x: b(0) }))).toEqual([
    `upsert ${a(1)} of "x" was acknowledged, and the server has ${b(0)}`,
  ]);
});

test('Y2 planted: a delete that was acknowledged has no effect', () => {
  const told: Event = { type: 'acknowledged', client: 1, ...remove, stamp: b(2) };
  const found = checkHistory(history([written, applied, acknowledged, told], { x: a(1) }));
  expect(found).toEqual([`delete ${b(2)} of "x" was acknowledged, and the server has ${a(1)}`]);
});

test('Y5 planted: a delete is undone by an older record', () => {
  const events = [written, applied, acknowledged, deleted];
  expect(checkHistory(history(events, { x: a(1) }))).toEqual([
    `"x" was deleted at ${b(2)}, and is back as of ${a(1)}`,
  ]);
});

test('Y5 planted: a delete is undone after its tombstone was collected, by what was known to be there', () => {
  const collected: Event = { type: 'collected', ...remove, stamp: b(2), uncertain: [] };
  const events = [written, applied, acknowledged, deleted, collected];
  expect(checkHistory(history(events, { x: a(1) }))).toEqual([
    `"x" was deleted at ${b(2)}, and is back as of ${a(1)}`,
  ]);
});

test('Y5 a create that was still pending when the tombstone was collected may come after it', () => {
  const collected: Event = { type: 'collected', ...remove, stamp: b(2), uncertain: ['aaaaaaaaaaaaaaaa'] };
  expect(checkHistory(history([written, deleted, collected, applied], { x: a(1) }))).toEqual([]);
});

test('Y2 planted: a retried push has two effects', () => {
  const events = [written, applied, applied, acknowledged];
  expect(checkHistory(history(events, { x: a(1) }))).toEqual([`upsert ${a(1)} of "x" was applied twice`]);
});

test('Y7 what Redis has forgotten may be applied again', () => {
  const forgotten: Event = { type: 'forgotten', ...upsert, stamp: a(1) };
  const events = [written, applied, acknowledged, forgotten, applied];
  expect(checkHistory(history(events, { x: a(1) }))).toEqual([]);
});

test('Y7 what Redis has forgotten may stay so once more time has passed than tombstones live, not before', () => {
  const forgotten: Event = { type: 'forgotten', ...upsert, stamp: a(1) };
  const outlived: Event = { type: 'outlived' };
  const lost = [`upsert ${a(1)} of "x" was acknowledged, and the server has nothing`];
  expect(checkHistory(history([written, applied, acknowledged, forgotten, outlived], {}))).toEqual([]);
  expect(checkHistory(history([written, applied, acknowledged, forgotten], {}))).toEqual(lost);
  expect(checkHistory(history([written, applied, acknowledged, outlived], {}))).toEqual(lost);
  expect(checkHistory(history([outlived, written, applied, acknowledged, forgotten], {}))).toEqual(lost);
});

test('Y4 planted: a write vanishes without a word', () => {
  const winner: Event = { type: 'applied', base: '', ...upsert, stamp: b(5) };
  expect(checkHistory(history([written, winner], { x: b(5) }))).toEqual([
    `upsert ${a(1)} of "x" on device 0 was neither applied nor told to be overruled`,
  ]);
  const told: Event = { type: 'overruled', client: 0, ...upsert, stamp: a(1) };
  expect(checkHistory(history([written, winner, told], { x: b(5) }))).toEqual([]);
});

test('Y4 planted: a delete vanishes without a word, and the record with it or not', () => {
  const mine: Event = { type: 'written', client: 0, ...remove, stamp: a(3) };
  const before = [written, applied, acknowledged, mine];
  const told = [`delete ${a(3)} of "x" on device 0 was neither applied nor told to be overruled`];
  expect(checkHistory(history(before, { x: a(1) }))).toEqual(told);
  const edited: Event = { type: 'applied', base: a(1), ...upsert, stamp: b(4) };
  expect(checkHistory(history([...before, edited], { x: b(4) }))).toEqual(told);
  // Redis has forgotten the edit, and is back at the delete before it.
  const forgotten: Event = { type: 'forgotten', ...upsert, stamp: b(4) };
  const late = [written, applied, acknowledged, deleted, edited, mine];
  expect(checkHistory(history(late, { x: b(4) }))).toEqual(told);
  expect(checkHistory(history([...late, forgotten], {}))).toEqual([]);
  // Deleted by another device meanwhile: nothing is left to be told.
  expect(checkHistory(history([...before, deleted], {}))).toEqual([]);
});

test('Y4 planted: the last of two writes vanishes, and only the first was applied', () => {
  const second: Event = { type: 'written', client: 0, ...upsert, stamp: a(3) };
  expect(checkHistory(history([written, second, applied, acknowledged], { x: a(1) }))).toEqual([
    `upsert ${a(3)} of "x" on device 0 was neither applied nor told to be overruled`,
  ]);
});

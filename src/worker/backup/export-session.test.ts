import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { VectorStoreError } from '../../shared/errors.js';
import { ExportSession } from './export-session.js';
import type { Export } from './export-store.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function opened(parts: () => Export['parts']) {
  let ended: AbortSignal | undefined;
  const session = new ExportSession(async (signal) => {
    ended = signal;
    return { expectedBytes: 3, parts: parts() };
  });
  return { session, isHeld: () => ended?.aborted === false };
}

async function* three(): Export['parts'] {
  for (const byte of [1, 2, 3]) yield Uint8Array.of(byte);
}

it('B1 an export holds merging off until its last part has been taken', async () => {
  const { session, isHeld } = opened(three);
  expect(await session.expectedBytes()).toBe(3);
  for (const byte of [1, 2, 3]) expect(await session.next()).toEqual(Uint8Array.of(byte));
  expect(isHeld()).toBe(true);
  expect(await session.next()).toBeUndefined();
  expect(isHeld()).toBe(false);
  await expect(session.next()).rejects.toMatchObject({ code: 'CLOSED' });
});

it('B4 an export of which nothing is taken for 60 s ends, and says so', async () => {
  const { session, isHeld } = opened(three);
  await session.next();
  await vi.advanceTimersByTimeAsync(59_000);
  await session.next();
  await vi.advanceTimersByTimeAsync(59_000);
  expect(isHeld()).toBe(true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(isHeld()).toBe(false);
  await expect(session.next()).rejects.toMatchObject({
    code: 'ABORTED',
    message: expect.stringContaining('60 s'),
  });
});

it('B4 nobody is waited for while a part is being made', async () => {
  let go = () => {};
  const waiting = new Promise<void>((resolve) => {
    go = resolve;
  });
  const { session, isHeld } = opened(async function* slow() {
    await waiting;
    yield Uint8Array.of(1);
  });
  const next = session.next();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(isHeld()).toBe(true);
  go();
  expect(await next).toEqual(Uint8Array.of(1));
});

it('B4 an export ends with its first fault, or when it is told to, also while a part is being made', async () => {
  const fault = new VectorStoreError('CORRUPT', 'A page is damaged.');
  const failing = opened(async function* fails() {
    yield Uint8Array.of(1);
    throw fault;
  });
  await failing.session.next();
  await expect(failing.session.next()).rejects.toBe(fault);
  expect(failing.isHeld()).toBe(false);
  await expect(failing.session.next()).rejects.toBe(fault);

  const { session, isHeld } = opened(three);
  const reason = new VectorStoreError('CLOSED', 'The store was closed.');
  const next = session.next();
  session.end(reason);
  await expect(next).rejects.toBe(reason);
  expect(isHeld()).toBe(false);

  const refused = new ExportSession(() => Promise.reject(fault));
  await expect(refused.expectedBytes()).rejects.toBe(fault);
  await expect(refused.next()).rejects.toBe(fault);
});

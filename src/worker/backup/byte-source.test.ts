import { afterEach, expect, it, vi } from 'vitest';
import { ByteSource } from './byte-source.js';
import { readFrames } from './frame-reader.js';
import { fileHead } from './frame-writer.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

const NEVER = new AbortController().signal;

/** The head of a file, and a frame that claims to be `length` bytes long but has 100. */
function fileClaiming(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + 12 + 100);
  bytes.set(fileHead());
  const view = new DataView(bytes.buffer);
  view.setUint32(12, 1, true);
  view.setUint32(16, length, true);
  return bytes;
}

/** The greatest length that a Uint8Array is made of while the task runs. */
async function largestArray(task: () => Promise<unknown>): Promise<number> {
  let largest = 0;
  const Original = Uint8Array;
  const Spy = new Proxy(Original, {
    construct(target, args, newTarget) {
      if (typeof args[0] === 'number') largest = Math.max(largest, args[0]);
      return Reflect.construct(target, args, newTarget);
    },
  });
  vi.stubGlobal('Uint8Array', Spy);
  try {
    await task();
  } finally {
    vi.unstubAllGlobals();
  }
  return largest;
}

async function read(source: ByteSource): Promise<void> {
  for await (const _ of readFrames(source));
}

for (const length of [104, 2 ** 20, 2 ** 28, 2 ** 28 + 4, 2 ** 32 - 4, 101]) {
  it(`B3 a frame that claims ${length} of 100 bytes is refused before they are allocated`, async () => {
    const file = fileClaiming(length);
    const blob = new Blob([file]);
    let chunks = [file.subarray(0, 50), file.subarray(50)];
    const sources = [
      ByteSource.ofBlob(blob, NEVER),
      new ByteSource(async () => chunks.shift(), undefined, NEVER),
    ];
    for (const source of sources) {
      chunks = [file.subarray(0, 50), file.subarray(50)];
      const largest = await largestArray(async () => {
        await expect(read(source)).rejects.toMatchObject({ code: 'CORRUPT' });
      });
      expect(largest).toBeLessThanOrEqual(2 * file.length);
    }
  });
}

it('B3 bytes come whole, in buffers of their own, whatever the chunks are', async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
  for (const chunkBytes of [1, 7, 100, 1000]) {
    let at = 0;
    const next = async () =>
      at < bytes.length ? bytes.subarray(at, Math.min(bytes.length, (at += chunkBytes))) : undefined;
    for (const source of [
      new ByteSource(next, undefined, NEVER),
      ByteSource.ofBlob(new Blob([bytes]), NEVER),
    ]) {
      for (let from = 0, count = 0; from + count <= bytes.length; from += count, count += 13) {
        const taken = await source.take(count, 'a part');
        expect([...taken]).toEqual([...bytes.subarray(from, from + count)]);
        expect(taken.buffer.byteLength).toBe(count);
        expect(source.taken).toBe(from + count);
      }
    }
  }
});

import type { MemoryShare } from './memory-budget.js';

/** Handed to the connection at once. */
const PART_BYTES = 256 << 10;

/**
 * A frame as an answer. It is sent as fast as it is read; its memory is given back when it is sent, or when its reader
 * is gone.
 */
export function frameAnswer(frame: Uint8Array<ArrayBuffer>, memory: MemoryShare): Response {
  let at = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller) {
        if (at < frame.length) controller.enqueue(frame.subarray(at, (at += PART_BYTES)));
        if (at < frame.length) return;
        memory.release();
        controller.close();
      },
      cancel: () => memory.release(),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(frame.length),
      'Cache-Control': 'no-store',
    },
  });
}

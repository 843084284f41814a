// A chunk of its own that imports nothing: what it shares with others would be taken out of theirs.

/** Of a stream's chunk: a copy of this size crosses at once. */
const CHUNK_BYTES = 1 << 20;

/** Gives the next bytes, or the end, by a fault where there is one. False: none are wanted any more. */
export type Send = (
  chunk: Uint8Array<ArrayBuffer> | undefined,
  fault: string | undefined,
) => Promise<boolean>;

/** Sends a stream's chunks on as fast as they are taken; what is sent is copied first, as the caller keeps its own. */
export async function pumpStream(reader: ReadableStreamDefaultReader<Uint8Array>, send: Send): Promise<void> {
  for (;;) {
    let chunk: Uint8Array | undefined;
    try {
      chunk = (await reader.read()).value;
      if (chunk !== undefined && !(chunk instanceof Uint8Array))
        throw new TypeError(`it gave a ${typeof chunk}, not bytes`);
    } catch (error) {
      await send(undefined, error instanceof Error ? error.message : String(error));
      return;
    }
    if (chunk === undefined) {
      await send(undefined, undefined);
      return;
    }
    for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
      if (!(await send(chunk.slice(at, at + CHUNK_BYTES), undefined))) return;
    }
  }
}

import { joinBytes } from '../../shared/bytes.js';
import { MalformedError, parseBoundedJson } from '../../shared/sync/bounded-json.js';
import { MAX_BODY_BYTES } from '../../shared/sync/protocol.js';
import { check, type Schema } from '../schemas.js';
import { HttpError } from './http-error.js';
import type { MemoryShare } from './memory-budget.js';

/** The largest that is asked for has a filter of 1,000 conditions; its operands count, too. */
const JSON_VALUES = 65_536;

/** The whole body, as far as it is within its bounds; throws 413, 415, 503. */
export async function readBody(request: Request, memory: MemoryShare): Promise<Uint8Array<ArrayBuffer>> {
  if ((request.headers.get('Content-Encoding') ?? 'identity') !== 'identity') {
    throw new HttpError(
      415,
      'INVALID_ARGUMENT',
      'The request is compressed. A small one could unpack to gigabytes, and float32 hardly gets smaller. Send it as it is.',
    );
  }
  const claimed = Number(request.headers.get('Content-Length') ?? 0);
  if (!(claimed <= MAX_BODY_BYTES)) throw tooLarge(claimed);
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > MAX_BODY_BYTES) {
      // Nobody reads the rest; the connection goes with it.
      void reader.cancel().catch(() => undefined);
      throw tooLarge(length);
    }
    // Once as it came, and once joined.
    memory.take(2 * value.length);
    parts.push(value);
  }
  return joinBytes(parts);
}

/** A body of JSON that is as the schema says; throws as `readBody`, and `MalformedError`. */
export async function readJson<T>(request: Request, memory: MemoryShare, schema: Schema<T>): Promise<T> {
  const { value, fault } = check(schema, parseBoundedJson(await readBody(request, memory), JSON_VALUES));
  if (fault !== undefined) throw new MalformedError(`${fault}.`);
  return value as T;
}

function tooLarge(bytes: number): HttpError {
  return new HttpError(
    413,
    'INVALID_ARGUMENT',
    `The request has ${bytes} bytes or more; at most ${MAX_BODY_BYTES} are taken. Nothing was done. Send less at once.`,
  );
}

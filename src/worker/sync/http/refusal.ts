import { VectorStoreError, type VectorStoreErrorCode } from '../../../shared/errors.js';
import { MAX_BODY_BYTES, REFUSAL_CODES } from '../../../shared/sync/protocol.js';
import { RequestTooLarge } from '../transport.js';

/** For what `fetch` calls an answer. */
const CODES: readonly VectorStoreErrorCode[] = REFUSAL_CODES;
/** A longer wait is the caller's own. */
const MAX_RETRY_AFTER_MS = 600_000;

/** An answer that is not 2xx, as an error; `body`: what it has said. */
export function refusalError(url: string, response: Response, body: string): VectorStoreError {
  const { status } = response;
  const retryAfterMs = status === 429 || status >= 500 ? retryAfter(response.headers) : undefined;
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  const said = saidBy(body);
  if (status === 413) return new RequestTooLarge(said?.message ?? tooLargeFor(url));
  if (said !== undefined) return new VectorStoreError(said.code, said.message, options);
  if (status === 401 || status === 403) {
    return new VectorStoreError(
      'UNAUTHORIZED',
      `${url} answered ${status}. It does not take the token. Let getToken resolve to one that the server accepts.`,
    );
  }
  return new VectorStoreError(
    'SERVER_UNAVAILABLE',
    `${url} answered ${status}, and not as a sync server does. Nothing was synced, read or written. A sync tries again by itself; check the URL and what stands in front of the server.`,
    options,
  );
}

function tooLargeFor(url: string): string {
  return `${url} answered 413: it does not take a request as large. Nothing of it was done. Send less at once, or let what stands in front of the server take ${MAX_BODY_BYTES} bytes.`;
}

export function unreachableError(url: string, cause: unknown): VectorStoreError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new VectorStoreError(
    'SERVER_UNAVAILABLE',
    `${url} did not answer (${reason}). Without a server nothing is synced, nor read or written there. A sync tries again by itself; repeat other calls. If it goes on, check the URL, the connection and the origins that the server allows.`,
    { cause },
  );
}

function saidBy(body: string): { code: VectorStoreErrorCode; message: string } | undefined {
  try {
    const { code, message } = JSON.parse(body).error;
    return CODES.includes(code) && typeof message === 'string' ? { code, message } : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds, or a date. */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('Retry-After');
  if (value === null) return undefined;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.min(Math.max(milliseconds, 0), MAX_RETRY_AFTER_MS);
}

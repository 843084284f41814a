import { VectorStoreError, type VectorStoreErrorCode } from '../../shared/errors.js';
import { MalformedError } from '../../shared/sync/bounded-json.js';
import type { Refusal } from '../../shared/sync/protocol.js';
import { CollectionDropped, ShardUnavailable } from '../change-log.js';

/** A refusal with its status; any error becomes one. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly status: number,
    readonly code: VectorStoreErrorCode,
    message: string,
    /** Seconds. */
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  toResponse(): Response {
    const body: Refusal = { error: { code: this.code, message: this.message } };
    return Response.json(body, {
      status: this.status,
      headers: {
        'Cache-Control': 'no-store',
        ...(this.retryAfter === undefined ? {} : { 'Retry-After': String(this.retryAfter) }),
        ...(this.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
      },
    });
  }
}

const STATUS: Partial<Record<VectorStoreErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  DIMENSION_MISMATCH: 400,
  DUPLICATE_ID: 400,
  CONFIG_MISMATCH: 409,
  QUOTA_EXCEEDED: 507,
  UNAUTHORIZED: 401,
  SYNC_REJECTED: 410,
  SERVER_UNAVAILABLE: 503,
};

export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof MalformedError) {
    return new HttpError(
      400,
      'INVALID_ARGUMENT',
      `The request is not as it should be. ${error.message} Nothing was done. See /openapi.json.`,
      undefined,
      { cause: error },
    );
  }
  if (error instanceof VectorStoreError && error.code in STATUS)
    return new HttpError(STATUS[error.code]!, error.code, error.message, undefined, { cause: error });
  if (error instanceof CollectionDropped) return droppedError(error);
  if (error instanceof ShardUnavailable) {
    return new HttpError(
      503,
      'SERVER_UNAVAILABLE',
      'Redis does not answer. What was asked may or may not have been done. Repeat it, which is harmless.',
      1,
      { cause: error },
    );
  }
  return new HttpError(
    500,
    'SERVER_UNAVAILABLE',
    'The server has failed. What was asked may or may not have been done. Repeat it, which is harmless; if it goes on, see the log of the server.',
    undefined,
    { cause: error },
  );
}

export function droppedError(cause?: unknown): HttpError {
  return new HttpError(
    410,
    'SYNC_REJECTED',
    'The collection that this was synced with is no longer on the server: it was dropped, or another one has its name. Records on the device are kept. Sync under another name, or drop the collection here, too.',
    undefined,
    cause === undefined ? {} : { cause },
  );
}

/** For what is not there, and for what the token does not cover: the two cannot be told apart. */
export function notFoundError(): HttpError {
  return new HttpError(
    404,
    'SYNC_REJECTED',
    'There is no such collection that this token covers. Whether another token would find one is not told. Check the names, and the claim "collections" of the token.',
  );
}

export function overloadedError(what: string): HttpError {
  return new HttpError(
    503,
    'SERVER_UNAVAILABLE',
    `The server has too much to do: ${what}. Nothing was done. Try again in a second.`,
    1,
  );
}

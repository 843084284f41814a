import { HttpError } from '../http/http-error.js';

export function unauthorizedError(why: string, cause?: unknown): HttpError {
  return new HttpError(
    401,
    'UNAUTHORIZED',
    `The token is not taken: ${why}. Nothing was done. Let getToken resolve to a new one from its issuer.`,
    undefined,
    cause === undefined ? {} : { cause },
  );
}

export function readOnlyError(): HttpError {
  return new HttpError(
    403,
    'UNAUTHORIZED',
    'The token allows reading alone. Nothing was changed. Use one whose claim "access" is "write".',
  );
}

export function keysUnavailableError(cause: unknown): HttpError {
  return new HttpError(
    503,
    'SERVER_UNAVAILABLE',
    'The keys that verify tokens cannot be had from their issuer. Nothing was done. Try again in a few seconds.',
    5,
    { cause },
  );
}

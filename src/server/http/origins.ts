import { HttpError } from './http-error.js';

// CORS by hand (hono's middleware takes most of a small request's time).

const METHODS = 'GET, PUT, POST, DELETE';
const HEADERS = 'Authorization, Content-Type';
/** The longest that browsers keep a preflight's answer. */
const MAX_AGE_S = 7_200;
const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])$/;

/** Whether pages of an origin may call. */
export type IsAllowedOrigin = (origin: string) => boolean;

/** Exactly these. */
export function exactOrigins(origins: readonly string[]): IsAllowedOrigin {
  for (const origin of origins) {
    if (URL.canParse(origin) && new URL(origin).origin === origin && !origin.includes('*')) continue;
    throw new Error(
      `The origin ${JSON.stringify(origin)} is none: it would match no page. Give scheme, host and port as in https://app.example.`,
    );
  }
  const allowed = new Set(origins);
  return (origin) => allowed.has(origin);
}

/** Pages that come from this machine. */
export const isLoopbackOrigin: IsAllowedOrigin = (origin) =>
  URL.canParse(origin) && LOOPBACK.test(new URL(origin).hostname);

/** Of the header `Host`. */
export function isLoopbackHost(host: string): boolean {
  return URL.canParse(`http://${host}`) && LOOPBACK.test(new URL(`http://${host}`).hostname);
}

/** The answer to a preflight; throws 403. */
export function preflight(origin: string, isAllowed: IsAllowedOrigin): Response {
  if (!isAllowed(origin)) throw foreignOriginError();
  return new Response(null, {
    status: 204,
    headers: {
      ...corsHeaders(origin),
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': HEADERS,
      'Access-Control-Max-Age': String(MAX_AGE_S),
    },
  });
}

export function corsHeaders(origin: string): Record<string, string> {
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'Retry-After',
    Vary: 'Origin',
  };
}

export function foreignOriginError(): HttpError {
  return new HttpError(
    403,
    'UNAUTHORIZED',
    'Pages of this origin may not call this server. Nothing was done. Add the origin to those that the server allows.',
  );
}

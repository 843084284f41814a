import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { type Access, covers } from './auth/access.js';
import { readOnlyError } from './auth/auth-errors.js';
import type { Authenticate } from './auth/authenticate.js';
import type { CollectionName } from './change-log.js';
import { frameAnswer } from './http/frame-answer.js';
import { HttpError, notFoundError, toHttpError } from './http/http-error.js';
import type { MemoryBudget } from './http/memory-budget.js';
import {
  corsHeaders,
  foreignOriginError,
  type IsAllowedOrigin,
  isLoopbackHost,
  preflight,
} from './http/origins.js';
import { loggedError } from './logger.js';
import type { RateLimit } from './rate-limit.js';
import type { CollectionRoute, ServerContext } from './server-context.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const COLLECTION_PATH = '/v1/stores/:store/collections/:collection';

export interface AppOptions {
  readonly context: ServerContext;
  readonly authenticate: Authenticate;
  readonly isAllowedOrigin: IsAllowedOrigin;
  /** Requests whose `Host` is another machine are refused: a name that a page has made point to this one. */
  readonly loopbackOnly: boolean;
  readonly rateLimit: RateLimit;
  readonly memory: MemoryBudget;
  readonly routes: readonly CollectionRoute[];
  readonly openApi: object;
  /** Whether it is shutting down. */
  readonly isDraining: () => boolean;
}

/** `route`: what the request is counted as. */
type Env = { Variables: { route?: string } };
type App = Hono<Env>;
type Call = Context<Env>;

/** The routes behind what all requests go through: origin, log and metrics, token, rate. */
export function createApp(options: AppOptions): App {
  const app: App = new Hono();
  app.use('*', observed(options));
  app.use('*', fromAllowedOrigin(options));
  addServiceRoutes(app, options);
  for (const route of options.routes) addCollectionRoute(app, route, options);
  app.get('/v1/stores/:store/collections', (c) => listCollections(c, options));
  app.notFound(() => notFoundError().toResponse());
  app.onError((error, c) => {
    const refusal = toHttpError(error);
    if (refusal.status >= 500) logFailure(options.context, c, refusal);
    return refusal.toResponse();
  });
  return app;
}

function observed({ context: { metrics, logger } }: AppOptions): MiddlewareHandler<Env> {
  return async (c, next) => {
    const started = performance.now();
    await next();
    const { method } = c.req;
    const { status } = c.res;
    const route = c.get('route') ?? 'none';
    const milliseconds = performance.now() - started;
    metrics.request(route === 'none' ? 'any' : method, route, status, milliseconds / 1_000);
    logger.debug({ method, route, status, milliseconds: Math.round(milliseconds) }, 'request');
  };
}

function fromAllowedOrigin({ isAllowedOrigin, loopbackOnly }: AppOptions): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (loopbackOnly && !isLoopbackHost(c.req.header('Host') ?? new URL(c.req.url).host))
      throw foreignHostError();
    const origin = c.req.header('Origin');
    if (origin === undefined) return next();
    if (c.req.method === 'OPTIONS') return preflight(origin, isAllowedOrigin);
    if (!isAllowedOrigin(origin)) throw foreignOriginError();
    await next();
    for (const [name, value] of Object.entries(corsHeaders(origin))) c.res.headers.set(name, value);
  };
}

function addServiceRoutes(app: App, { context: { log, metrics }, openApi, isDraining }: AppOptions): void {
  const add = (path: string, answer: () => Response | Promise<Response>) =>
    app.get(path, (c) => {
      c.set('route', path);
      return answer();
    });
  add('/healthz', () => new Response('ok\n'));
  add('/readyz', async () => {
    if (isDraining()) throw new HttpError(503, 'SERVER_UNAVAILABLE', 'The server is shutting down.', 1);
    await log.ready();
    return new Response('ok\n');
  });
  add(
    '/metrics',
    async () => new Response(await metrics.text(), { headers: { 'Content-Type': metrics.contentType } }),
  );
  add('/openapi.json', () => Response.json(openApi));
}

function addCollectionRoute(app: App, route: CollectionRoute, options: AppOptions): void {
  const { memory } = options;
  app.on(route.method, COLLECTION_PATH + route.path, async (c) => {
    c.set('route', `collection${route.path}`);
    const access = await admitted(c, options);
    const name = nameOf(c, access);
    if (route.access === 'write' && !access.write) throw readOnlyError();
    const share = memory.share();
    try {
      return await route.handle({
        request: c.req.raw,
        name,
        access,
        memory: share,
        signal: c.req.raw.signal,
        frame(bytes) {
          const answer = memory.share();
          answer.take(bytes.length);
          return frameAnswer(bytes, answer);
        },
      });
    } finally {
      share.release();
    }
  });
}

async function listCollections(c: Call, options: AppOptions): Promise<Response> {
  c.set('route', 'collections');
  const access = await admitted(c, options);
  const store = c.req.param('store')!;
  if (!NAME.test(store)) throw notFoundError();
  const found = await options.context.log.list(access.tenant, store);
  return Response.json({ collections: found.filter(({ collection }) => covers(access, store, collection)) });
}

async function admitted(c: Call, { authenticate, rateLimit }: AppOptions): Promise<Access> {
  const access = await authenticate(c.req.header('Authorization'));
  await rateLimit.count(access.tenant);
  return access;
}

/** The tenant is the token's, whatever the request says. */
function nameOf(c: Call, access: Access): CollectionName {
  const store = c.req.param('store')!;
  const collection = c.req.param('collection')!;
  if (!NAME.test(store) || !NAME.test(collection) || !covers(access, store, collection))
    throw notFoundError();
  return { tenant: access.tenant, store, collection };
}

function logFailure({ logger }: ServerContext, c: Call, { status, cause }: HttpError): void {
  const fields = { method: c.req.method, route: c.get('route'), status, error: loggedError(cause) };
  if (status === 500) logger.error(fields, 'a request has failed');
  else logger.warn(fields, 'a request was refused');
}

function foreignHostError(): HttpError {
  return new HttpError(
    403,
    'UNAUTHORIZED',
    'A server without authentication answers to localhost alone. Nothing was done. Configure authentication to be reached by another name.',
  );
}

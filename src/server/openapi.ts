import { collectionList, jsonSchemaOf, refusal } from './schemas.js';
import type { CollectionRoute, Content } from './server-context.js';

// The description that /openapi.json gives, made of the routes themselves.

const COLLECTION_PATH = '/v1/stores/{store}/collections/{collection}';
/** Refusals of every route about a collection. */
const COMMON_REFUSALS = [400, 401, 403, 404, 429, 500, 503];
const SECURITY = [{ token: [] }];
const REASONS: Readonly<Record<number, string>> = {
  400: 'The request is not as described',
  401: 'No token, or one that is not taken',
  403: 'The token only reads, or the origin is not allowed',
  404: 'Nothing there that the token covers',
  409: 'The collection has other settings',
  410: 'The collection that was synced with is gone',
  413: 'The body is larger than 8 MiB',
  415: 'The body is compressed',
  429: 'Too many requests',
  500: 'The server has failed',
  503: 'Redis does not answer, or there is too much to do',
  507: 'The tenant has no bytes left',
};

export function openApiOf(routes: readonly CollectionRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {
    '/v1/stores/{store}/collections': {
      get: {
        summary: 'Lists the collections of a store that the token covers',
        security: SECURITY,
        parameters: [parameter('store')],
        ...withAnswer(COMMON_REFUSALS, {
          type: 'application/json',
          schema: collectionList,
          description: 'Their names and what is pinned of them',
        }),
      },
    },
    ...servicePaths(),
  };
  for (const route of routes) {
    const path = (paths[COLLECTION_PATH + route.path] ??= {
      parameters: [parameter('store'), parameter('collection')],
    } as Record<string, object>);
    path[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'nearshore-server',
      version,
      description:
        'Sync and search of nearshore collections. A frame is: length of the head (uint32), the head (JSON, UTF-8), ' +
        'zeros up to a multiple of 4, float32 up to the end; numbers are little-endian. The schema is that of the head.',
    },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

function operationOf({ summary, access, body, answer, refusals = [] }: CollectionRoute): object {
  return {
    summary: access === 'write' ? `${summary}. Needs a token that allows writing` : summary,
    security: SECURITY,
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, description: body.description, ...contentOf(body) } }),
    ...withAnswer([...COMMON_REFUSALS, ...refusals], answer),
  };
}

function withAnswer(statuses: readonly number[], answer: Content | undefined): object {
  const refused = { 'application/json': { schema: jsonSchemaOf(refusal) } };
  const responses: Record<string, object> =
    answer === undefined
      ? { 204: { description: 'Done' } }
      : { 200: { description: answer.description, ...contentOf(answer) } };
  for (const status of [...statuses].sort((a, b) => a - b))
    responses[status] = { description: REASONS[status]!, content: refused };
  return { responses };
}

function contentOf({ type, schema }: Content): object {
  if (type !== 'frame') return { content: { [type]: { schema: jsonSchemaOf(schema) } } };
  return { content: { 'application/octet-stream': { 'x-frame-head': jsonSchemaOf(schema) } } };
}

function parameter(name: string): object {
  return {
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' },
  };
}

function servicePaths(): Record<string, Record<string, object>> {
  const get = (summary: string, type: string, statuses: readonly number[] = []) => ({
    get: {
      summary,
      responses: {
        200: { description: summary, content: { [type]: {} } },
        ...Object.fromEntries(statuses.map((status) => [status, { description: REASONS[status]! }])),
      },
    },
  });
  return {
    '/healthz': get('Whether the server is alive', 'text/plain'),
    '/readyz': get('Whether Redis answers', 'text/plain', [503]),
    '/metrics': get('Metrics for Prometheus', 'text/plain'),
    '/openapi.json': get('This description', 'application/json'),
  };
}

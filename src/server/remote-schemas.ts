import type { UntypedFilter } from '../shared/filter-types.js';
import { MAX_OPERATIONS } from '../shared/sync/protocol.js';
import {
  MAX_PAGE,
  MAX_QUERIES,
  MAX_TOP_K,
  type RemoteCount,
  type RemoteGet,
  type RemoteList,
} from '../shared/sync/remote.js';
import { count, headDimension, stamp } from './schemas.js';
import { z } from './zod.js';

// The shapes of the remote calls: bodies of JSON are checked by them, and /openapi.json is made of them. Frames are checked
// by shared/sync/remote-requests.ts.

const collection = z.string();
/** As SPEC.md's rules F1 to F22 say; `compileFilter` checks it. */
const filter = z.looseObject({}) as unknown as z.ZodType<UntypedFilter>;
const ids = z.array(z.string()).max(MAX_OPERATIONS);
const column = z.array(z.string().nullable()).exactOptional();

const records = z.strictObject({
  ids: z.array(z.string()),
  metadata: column,
  texts: column,
  /** They follow the head. */
  vectors: z.literal(true).exactOptional(),
});

export const remoteQueriesHead = z.object({
  dimension: headDimension,
  collection,
  queries: z
    .array(
      z.object({
        topK: z.int().min(1).max(MAX_TOP_K),
        id: z.string().exactOptional(),
        minScore: z.number().exactOptional(),
        filter: filter.exactOptional(),
        includeVectors: z.boolean().exactOptional(),
        includeMetadata: z.boolean().exactOptional(),
        exact: z.boolean().exactOptional(),
        targetRecall: z.number().exactOptional(),
        after: z.object({ score: z.number(), id: z.string() }).exactOptional(),
      }),
    )
    .max(MAX_QUERIES),
});

export const remoteAnswersHead = z.strictObject({
  dimension: headDimension,
  answers: z.array(
    records.extend({
      scores: z.array(z.number()),
      distances: z.array(z.number()),
      receipt: z.strictObject({
        engine: z.enum(['exact', 'vector-set']),
        exact: z.boolean(),
        complete: z.boolean(),
        reason: z.string().exactOptional(),
        scanned: count,
        shards: z.strictObject({ asked: count, answered: count }),
        elapsedMs: z.number(),
      }),
    }),
  ),
});

export const remoteGet = z.object({
  collection,
  ids,
  includeVectors: z.boolean(),
}) satisfies z.ZodType<RemoteGet>;

export const remoteFoundHead = z.strictObject({
  dimension: headDimension,
  found: z.array(z.boolean()),
  records,
});

export const remoteList = z.object({
  collection,
  filter: filter.exactOptional(),
  limit: z.int().min(1).max(MAX_PAGE),
  cursor: z.string().exactOptional(),
  includeVectors: z.boolean(),
}) satisfies z.ZodType<RemoteList>;

export const remotePageHead = z.strictObject({
  dimension: headDimension,
  records,
  cursor: z.string().exactOptional(),
});

export const remoteCount = z.object({
  collection,
  filter: filter.exactOptional(),
}) satisfies z.ZodType<RemoteCount>;

export const remoteCounted = z.strictObject({ count });

const writeHead = {
  dimension: headDimension,
  collection,
  stamp,
  repeated: z.boolean(),
  replicated: z.boolean(),
};

export const remoteWriteHead = z.union([
  z.object({
    ...writeHead,
    mode: z.enum(['upsert', 'insert']),
    records: z
      .array(
        z.object({
          id: z.string(),
          metadata: z.string().exactOptional(),
          text: z.string().exactOptional(),
        }),
      )
      .max(MAX_OPERATIONS),
  }),
  z.object({
    ...writeHead,
    mode: z.literal('set-metadata'),
    updates: z.array(z.object({ id: z.string(), metadata: z.string() })).max(MAX_OPERATIONS),
  }),
  z.object({ ...writeHead, mode: z.literal('delete'), ids }),
  z.object({ ...writeHead, mode: z.literal('delete-where'), filter }),
]);

export const remoteWritten = z.strictObject({
  time: count,
  results: z.array(
    z.union([
      z.strictObject({ status: z.enum(['ok', 'absent', 'exists', 'skipped', 'future']) }),
      z.strictObject({ status: z.enum(['quota', 'invalid', 'unavailable']), message: z.string() }),
    ]),
  ),
  count,
  replicated: z.boolean(),
});

import {
  type Descriptor,
  MAX_OPERATIONS,
  MAX_PULLED_SHARDS,
  MAX_SHARDS,
  type OpenAnswer,
  type OpenRequest,
  type PullAnswer,
  type PullRequest,
  type PushAnswer,
  REFUSAL_CODES,
  type Refusal,
} from '../shared/sync/protocol.js';
import { z } from './zod.js';

// The shapes of what crosses: bodies of JSON and claims are checked by them, and /openapi.json is made of them.

const NAME = '[A-Za-z0-9][A-Za-z0-9._-]{0,63}';

export const count = z.int().min(0);
export const stamp = z.string().regex(/^[0-9a-f]{32}$/);
const metric = z.enum(['cosine', 'dot', 'l2']);
const conflict = z.enum(['last-writer-wins', 'compare-and-set']);
const embeddingSpace = z.string().min(1).max(1_024);
const dimension = z.int().min(1).max(4_096);
const shards = z.int().min(1).max(MAX_SHARDS);
/** A second to ten years. */
const tombstoneLifeMs = z.int().min(1_000).max(315_360_000_000);

const pinned = z.object({
  dimension,
  metric,
  embeddingSpace: embeddingSpace.exactOptional(),
  conflict,
});

export const openRequest = z.object({
  protocol: z.int(),
  config: pinned,
  shards: shards.exactOptional(),
  tombstoneLifeMs: tombstoneLifeMs.exactOptional(),
  known: z.string().max(64).exactOptional(),
}) satisfies z.ZodType<OpenRequest>;

export const pullRequest = z.object({
  collection: z.string().max(64),
  shards: z
    .array(
      z.object({
        shard: count.max(MAX_SHARDS - 1),
        cursor: count,
        epoch: z.string().max(64),
        hi: count,
        floor: count,
        keys: z.boolean().exactOptional(),
      }),
    )
    .min(1)
    .max(MAX_PULLED_SHARDS),
  device: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .exactOptional(),
}) satisfies z.ZodType<PullRequest>;

export const descriptor = z.strictObject({
  id: z.string(),
  ...pinned.shape,
  shards,
  tombstoneLifeMs,
}) satisfies z.ZodType<Descriptor>;

export const openAnswer = z.strictObject({ descriptor, time: count }) satisfies z.ZodType<OpenAnswer>;

export const refusal = z.strictObject({
  error: z.strictObject({
    code: z.enum(REFUSAL_CODES),
    message: z.string(),
  }),
}) satisfies z.ZodType<Refusal>;

export const collectionList = z.strictObject({
  collections: z.array(z.strictObject({ collection: z.string(), descriptor })),
});

// Heads of frames: the message without its vectors, and their dimension.

export const headDimension = z.int().min(0).max(4_096);
const entry = z.strictObject({
  kind: z.enum(['upsert', 'delete']),
  id: z.string(),
  stamp,
  metadata: z.string().exactOptional(),
  text: z.string().exactOptional(),
});

export const pushRequestHead = z.object({
  dimension: headDimension,
  collection: z.string(),
  epochs: z.record(z.string(), z.string()),
  replicated: z.boolean(),
  operations: z.array(entry.extend({ base: z.union([z.literal(''), stamp]) })).max(MAX_OPERATIONS),
});

const result = z.union([
  z.strictObject({ status: z.enum(['ok', 'dup', 'gone', 'epoch', 'future']) }),
  z.strictObject({ status: z.enum(['stale', 'conflict']), current: entry }),
  z.strictObject({ status: z.enum(['invalid', 'quota', 'unavailable']), message: z.string() }),
]);

export const pushAnswerHead = z.strictObject({
  dimension: headDimension,
  time: count,
  results: z.array(result),
  shards: z.record(z.string(), z.strictObject({ epoch: z.string(), seq: count, replicated: z.boolean() })),
} satisfies Record<keyof PushAnswer | 'dimension', z.ZodType>);

const page = z.union([
  z.strictObject({
    kind: z.literal('page'),
    shard: count,
    epoch: z.string(),
    cursor: count,
    hi: count,
    floor: count,
    more: z.boolean(),
    entries: z.array(entry.extend({ seq: count, bare: z.boolean().exactOptional() })),
  }),
  z.strictObject({ kind: z.literal('fork'), shard: count, epoch: z.string(), bound: count, floor: count }),
  z.strictObject({ kind: z.literal('reset'), shard: count, epoch: z.string(), floor: count }),
  z.strictObject({ kind: z.literal('unavailable'), shard: count, message: z.string() }),
]);

export const pullAnswerHead = z.strictObject({
  dimension: headDimension,
  time: count,
  pages: z.array(page),
} satisfies Record<keyof PullAnswer | 'dimension', z.ZodType>);

export const hint = z.strictObject({ shard: count, seq: count });

// What tokens and keys say.

/** `*`, `st*`, `st/*`, `st/co*` or `st/col`. */
const pattern = z.string().regex(new RegExp(`^(?:\\*|${NAME}(?:\\*|/(?:\\*|${NAME}\\*?)))$`));
const accessKind = z.enum(['read', 'write']);

export const claims = z.object({
  tenant: z
    .string()
    .min(1)
    .max(256)
    .refine((name) => !/\p{Surrogate}/u.test(name), 'holds half of a surrogate pair'),
  collections: z.array(pattern).min(1).max(1_000),
  /** `write` allows reading, too. */
  access: z.union([accessKind, z.array(accessKind).min(1).max(2)]),
});

export const staticKeys = z
  .array(z.strictObject({ key: z.string().min(32).max(4_096), ...claims.shape }))
  .min(1);

/** What a schema takes, or what is wrong with it: the first fault alone. */
export function check<T>(
  schema: z.ZodType<T>,
  value: unknown,
):
  | { readonly value: T; readonly fault?: undefined }
  | { readonly fault: string; readonly value?: undefined } {
  const { success, data, error } = schema.safeParse(value);
  if (success) return { value: data };
  const issue = error.issues[0]!;
  const at = issue.path.map(String).join('.');
  return { fault: at === '' ? issue.message : `${at}: ${issue.message}` };
}

export type Schema<T = unknown> = z.ZodType<T>;

export function jsonSchemaOf(schema: Schema): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

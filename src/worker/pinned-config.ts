import { VectorStoreError } from '../shared/errors.js';
import type { CollectionConfig, ConflictPolicy } from '../shared/types.js';
import type { OpenCollectionArgs } from '../shared/worker-api.js';

/** What a collection is created with. */
export function newConfig(args: Asked): CollectionConfig {
  const { name, dimension, metric = 'cosine' } = args;
  if (dimension === undefined) {
    throw new VectorStoreError(
      'INVALID_ARGUMENT',
      `Collection "${name}" does not exist, and no dimension was given to create it with. Every vector of a collection has the same length. ` +
        'Pass { dimension } or an embedder.',
    );
  }
  return configOf({ ...args, dimension, metric });
}

type Asked = Pick<OpenCollectionArgs, 'name' | 'dimension' | 'metric' | 'embeddingSpace' | 'conflict'>;

interface Pinned extends Pick<CollectionConfig, 'name' | 'dimension' | 'metric'> {
  readonly embeddingSpace?: string | undefined;
  readonly conflict?: ConflictPolicy | undefined;
}

/** What of these is pinned. */
export function configOf({ name, dimension, metric, embeddingSpace, conflict }: Pinned): CollectionConfig {
  return {
    name,
    dimension,
    metric,
    ...(embeddingSpace !== undefined && { embeddingSpace }),
    // The default is not stored, as by releases that knew no other.
    ...(conflict === 'compare-and-set' && { conflict }),
  };
}

/** Nothing is ever dropped or converted implicitly. */
export function refuseOtherConfig(config: CollectionConfig, args: Partial<OpenCollectionArgs>): void {
  const pinned = ['dimension', 'metric', 'embeddingSpace', 'conflict'] as const;
  const has: Partial<OpenCollectionArgs> = { conflict: 'last-writer-wins', ...config };
  const other = pinned.filter((key) => args[key] !== undefined && args[key] !== has[key]);
  if (other.length === 0) return;
  const differences = other.map((key) => `${key} ${show(has[key])}, not ${show(args[key])}`).join('; ');
  const isOtherModel = other.includes('embeddingSpace');
  throw new VectorStoreError(
    'CONFIG_MISMATCH',
    `Collection "${config.name}" has ${differences}. Vectors made in different ways cannot be compared, nor devices agree under two policies, so nothing was changed. ` +
      (isOtherModel
        ? 'To go over to another model, open it without an embedder and call its reembed(). Otherwise o'
        : 'O') +
      'pen it with the settings it has, use another name, or drop it first with store.dropCollection().',
  );
}

function show(value: unknown): string {
  return value === undefined ? '(none)' : JSON.stringify(value);
}

import { MalformedError, parseBoundedJson } from './bounded-json.js';
import { arrayAt, choiceAt, countAt, objectAt, stringAt } from './head-check.js';
import type { Descriptor, Hint, OpenAnswer } from './protocol.js';

/** Some ten thousand collections. */
const LIST_VALUES = 256 << 10;

/** Throws `MalformedError`. */
export function unpackOpenAnswer(bytes: Uint8Array): OpenAnswer {
  const answer = objectAt(parseBoundedJson(bytes, 64), 'the answer');
  return { descriptor: descriptorAt(answer.descriptor), time: countAt(answer.time, 'time') };
}

/** Throws `MalformedError`. */
export function unpackDescriptor(bytes: Uint8Array): Descriptor {
  return descriptorAt(parseBoundedJson(bytes, 64));
}

/** Throws `MalformedError`. */
export function unpackCollectionList(
  bytes: Uint8Array,
): { readonly collection: string; readonly descriptor: Descriptor }[] {
  const { collections } = objectAt(parseBoundedJson(bytes, LIST_VALUES), 'the answer');
  return arrayAt(collections, 'collections').map((value, i) => {
    const { collection, descriptor } = objectAt(value, `collections[${i}]`);
    return {
      collection: stringAt(collection, `collections[${i}].collection`),
      descriptor: descriptorAt(descriptor),
    };
  });
}

/** Throws `MalformedError`. */
export function unpackHint(json: string): Hint {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new MalformedError('The hint is not JSON.', { cause: error });
  }
  const { shard, seq } = objectAt(value, 'the hint');
  return { shard: countAt(shard, 'shard'), seq: countAt(seq, 'seq') };
}

function descriptorAt(value: unknown): Descriptor {
  const descriptor = objectAt(value, 'descriptor');
  const { id, metric, embeddingSpace, conflict } = descriptor;
  return {
    id: stringAt(id, 'id'),
    dimension: countAt(descriptor.dimension, 'dimension'),
    metric: choiceAt(metric, 'metric', ['cosine', 'dot', 'l2']),
    ...(embeddingSpace === undefined ? {} : { embeddingSpace: stringAt(embeddingSpace, 'embeddingSpace') }),
    conflict: choiceAt(conflict, 'conflict', ['last-writer-wins', 'compare-and-set']),
    shards: countAt(descriptor.shards, 'shards'),
    tombstoneLifeMs: countAt(descriptor.tombstoneLifeMs, 'tombstoneLifeMs'),
  };
}

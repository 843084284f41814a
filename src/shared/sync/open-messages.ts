import { MalformedError, parseBoundedJson } from './bounded-json.js';
import { choiceAt, countAt, objectAt, stringAt } from './head-check.js';
import type { Descriptor, Hint, OpenAnswer } from './protocol.js';

/** Throws `MalformedError`. */
export function unpackOpenAnswer(bytes: Uint8Array): OpenAnswer {
  const answer = objectAt(parseBoundedJson(bytes, 64), 'the answer');
  return { descriptor: descriptorAt(answer.descriptor), time: countAt(answer.time, 'time') };
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

import type { Descriptor } from '../shared/sync/protocol.js';
import type { ChangeLog } from './change-log.js';
import { DIMENSION } from './test-server.contract.js';

export const DESCRIPTOR: Descriptor = {
  id: 'd'.repeat(32),
  dimension: DIMENSION,
  metric: 'dot',
  conflict: 'last-writer-wins',
  shards: 4,
  tombstoneLifeMs: 1e9,
};

/** A change log that takes everything, and tells what has come as far as it. */
export function recordingLog(): { readonly log: ChangeLog; readonly calls: string[] } {
  const calls: string[] = [];
  const answers: ChangeLog = {
    time: async () => Date.now(),
    ready: async () => {},
    describe: async () => DESCRIPTOR,
    create: async () => DESCRIPTOR,
    drop: async () => true,
    list: async () => [],
    push: async (_name, _descriptor, _shard, { operations }) => ({
      results: operations.map(() => ({ status: 'ok' })),
      epoch: 'e',
      seq: 1,
      replicated: false,
      bytesAdded: 1,
    }),
    pull: async (_name, _descriptor, shard) => ({
      kind: 'page',
      ...{ shard, epoch: 'e', cursor: 0, hi: 0, floor: 0, more: false, entries: [] },
    }),
    get: async (_name, _descriptor, _shard, ids) => ids.map(() => undefined),
    collectGarbage: async () => 0,
    usage: async () => 0,
    subscribe: async () => {},
    close: async () => {},
  };
  const log = new Proxy(answers, {
    get(target, name: keyof ChangeLog) {
      calls.push(name);
      return target[name];
    },
    has: (target, name) => name in target,
  });
  return { log, calls };
}

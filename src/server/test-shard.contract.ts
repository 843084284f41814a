import { randomUUID } from 'node:crypto';
import type { Descriptor, Operation, PushResult, ShardPage, WithVector } from '../shared/sync/protocol.js';
import type { ChangeLog, CollectionName, LogPull } from './change-log.js';

// What tests of the change log say in one word.

export const SETTINGS: Omit<Descriptor, 'id'> = {
  dimension: 2,
  metric: 'cosine',
  shards: 4,
  conflict: 'last-writer-wins',
  tombstoneLifeMs: 3_600_000,
};
export const DEVICE = '00000000000000aa';
export const START: LogPull = {
  ...{ cursor: 0, epoch: '', hi: 0, floor: 0 },
  ...{ keys: false, device: undefined, maxBytes: 1 << 20 },
};

export const uniqueName = (): CollectionName => ({
  tenant: `tenant-${randomUUID()}`,
  store: 'field-guide',
  collection: 'notes',
});

/** A stamp of the n-th millisecond. */
export const stampAt = (n: number, device = DEVICE) => `${n.toString(16).padStart(12, '0')}0000${device}`;

export const upsert = (id: string, at: number, more: Partial<WithVector<Operation>> = {}) =>
  ({
    ...{ kind: 'upsert', id, stamp: stampAt(at), base: '', metadata: `{"at":${at}}` },
    vector: Float32Array.of(at, -at),
    ...more,
  }) satisfies WithVector<Operation>;

export const remove = (id: string, at: number, base = '') =>
  ({ kind: 'delete', id, stamp: stampAt(at), base, vector: undefined }) satisfies WithVector<Operation>;

/** One shard of a collection, with the position of one client. */
export class TestShard {
  constructor(
    readonly log: ChangeLog,
    readonly name: CollectionName,
    readonly descriptor: Descriptor,
    readonly shard = 1,
  ) {}

  async pushed(operations: readonly WithVector<Operation>[], epoch?: string, replicated = false) {
    const policy = this.descriptor.conflict;
    return this.log.push(this.name, this.descriptor, this.shard, {
      policy,
      epoch,
      operations,
      replicated,
    });
  }

  async push(...operations: readonly WithVector<Operation>[]): Promise<readonly PushResult[]> {
    return (await this.pushed(operations)).results;
  }

  statuses = async (...operations: readonly WithVector<Operation>[]) =>
    (await this.push(...operations)).map(({ status }) => status);

  pull(from: Partial<LogPull> = {}): Promise<ShardPage> {
    return this.log.pull(this.name, this.descriptor, this.shard, { ...START, ...from });
  }

  /** A page, or the test fails. */
  async page(from: Partial<LogPull> = {}): Promise<ShardPage & { kind: 'page' }> {
    const answer = await this.pull(from);
    if (answer.kind !== 'page') throw new Error(`A page was expected, not ${JSON.stringify(answer)}.`);
    return answer;
  }

  /** From the first page to the last. */
  async everything(from: Partial<LogPull> = {}) {
    const entries = [];
    let position = from;
    while (true) {
      const page = await this.page(position);
      entries.push(...page.entries);
      if (!page.more) return { entries, position: positionOf(page) };
      position = { ...from, ...positionOf(page) };
    }
  }

  collect = (tombstoneLifeMs = 0) =>
    this.log.collectGarbage(this.name, { ...this.descriptor, tombstoneLifeMs }, this.shard);
}

export const positionOf = ({ cursor, epoch, hi, floor }: ShardPage & { kind: 'page' }) => ({
  ...{ cursor, epoch, hi, floor },
});

export async function createShard(
  log: ChangeLog,
  settings: Partial<typeof SETTINGS> = {},
): Promise<TestShard> {
  const name = uniqueName();
  const descriptor = await log.create(name, { ...SETTINGS, ...settings });
  if (descriptor === 'dropped') throw new Error('A new name was answered as dropped.');
  return new TestShard(log, name, descriptor);
}

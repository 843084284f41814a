import { afterEach, vi } from 'vitest';
import { MemoryStorage } from '../../storage/memory-storage.js';
import { describeHealing } from '../../sync/healing.contract.js';
import { describeLive } from '../../sync/live.contract.js';
import { describeReplicator } from '../../sync/replicator.contract.js';
import type { MakeCollection } from '../../sync/replicator-world.contract.js';
import { CONFIG, clientOf, openEngine, record } from '../engine.contract.js';

// The replicator's suites with a collection behind its mirror.

afterEach(() => vi.restoreAllMocks());

const makeCollection: MakeCollection = async (device, clock) => {
  vi.spyOn(Date, 'now').mockImplementation(() => clock.now());
  const storage = new MemoryStorage();
  const row = await storage.readStore();
  storage.readStore = async () => ({ ...row, deviceId: device });
  const { engine } = await openEngine(storage, CONFIG);
  const { upsert, deleteIds } = clientOf(engine);
  const { mirror } = engine;
  const stampOf = async (id: string) => (await mirror.operations([id]))[0]!.stamp;
  return {
    mirror,
    async write(id, number) {
      await upsert([record(id, number, 1, { number })]);
      return stampOf(id);
    },
    async remove(id) {
      await deleteIds([id]);
      return stampOf(id);
    },
    async numbers() {
      const { records } = await engine.list({ limit: 10_000 });
      return Object.fromEntries(records.ids.map((id, i) => [id, JSON.parse(records.metadata![i]!).number]));
    },
  };
};

describeReplicator('on a collection', makeCollection);
describeHealing('on a collection', makeCollection);
describeLive('on a collection', makeCollection);

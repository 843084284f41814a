import { describeHealing } from './healing.contract.js';
import { describeLive } from './live.contract.js';
import { MemoryMirror } from './memory-mirror.contract.js';
import { describeReplicator } from './replicator.contract.js';

const makeCollection = async (device: string, clock: ConstructorParameters<typeof MemoryMirror>[1]) =>
  new MemoryMirror(device, clock);

describeReplicator('on a mirror in memory', makeCollection);
describeHealing('on a mirror in memory', makeCollection);
describeLive('on a mirror in memory', makeCollection);

import { describeSimulation } from './simulation.contract.js';

describeSimulation({ seeds: [1, 2_000], writes: 200, timeoutMs: 3_600_000 * 4 });

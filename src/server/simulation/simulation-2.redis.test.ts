import { describeSimulation } from './simulation.contract.js';

describeSimulation({ seeds: [151, 300], writes: 100, timeoutMs: 1_800_000 });

import { describeSimulation } from './simulation.contract.js';

// In two files, for two cores.
describeSimulation({ seeds: [1, 150], writes: 100, timeoutMs: 1_800_000 });

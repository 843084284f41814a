import { describeSimulation } from './simulation.contract.js';

describeSimulation(2_000, 200, 3_600_000 * 4);

import { describeSimulation } from './simulation.contract.js';

describeSimulation(60, 100, 1_800_000);

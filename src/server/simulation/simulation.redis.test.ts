import { describeSimulation } from './simulation.contract.js';

describeSimulation(300, 100, 1_800_000);

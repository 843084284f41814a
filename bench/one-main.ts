import { runOne } from './one.js';

void runOne();

import * as nearshore from 'nearshore';
import * as embedders from 'nearshore/embedders';
import { tryEverything } from './try-everything.js';

const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
tryEverything(nearshore, embedders, worker);

import * as embedders from './nearshore/embedders.js';
import * as nearshore from './nearshore/nearshore.js';
import { tryEverything } from './try-everything.js';

tryEverything(nearshore, embedders);

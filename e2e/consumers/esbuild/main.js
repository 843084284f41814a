import * as nearshore from 'nearshore';
import * as embedders from 'nearshore/embedders';
import { tryEverything } from './try-everything.js';

tryEverything(nearshore, embedders);

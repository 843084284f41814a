import { openHere } from './page-here.contract.js';
import { storeContract } from './store.contract.js';

storeContract(() => openHere({ name: 'st', storage: 'memory' }));

// nearshore's own worker, and a count of the bytes that it gives to IndexedDB.
import 'nearshore/worker';
import { countPuts, takePutBytes } from './count-puts.js';

countPuts();
const channel = new BroadcastChannel('bench-put-bytes');
channel.onmessage = () => channel.postMessage(takePutBytes());

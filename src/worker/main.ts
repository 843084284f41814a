import { expose } from 'comlink';
import { type Connect, type FromWorker, PROTOCOL } from '../shared/worker-api.js';
import { holdLockWhileAlive } from './alive-lock.js';
import { StoreHost } from './store-host.js';

// The worker's entry. Each store a page opens here comes with a port of its own, so an app may share the worker
// with other code, as long as that code leaves messages with `nearshore: 'connect'` alone.

addEventListener('message', (event: MessageEvent<Connect | undefined>) => {
  if (event.data?.nearshore !== 'connect') return;
  const port = event.ports[0]!;
  const post = (message: FromWorker) => port.postMessage(message);
  expose(new StoreHost(post), port);
  holdLockWhileAlive().then((aliveLock) => post({ nearshore: 'ready', protocol: PROTOCOL, aliveLock }));
});

import { expose } from 'comlink';
import { type Connect, type FromWorker, PROTOCOL } from '../shared/worker-api.js';
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

/**
 * A lock that ends with this worker, whatever ends it: a page that waits for it learns of the worker's death.
 * Resolves to its name; `undefined` where the browser has no Web Locks.
 */
function holdLockWhileAlive(): Promise<string | undefined> {
  const locks = globalThis.navigator?.locks;
  if (locks === undefined) return Promise.resolve(undefined);
  const name = `nearshore:worker:${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
  return new Promise((resolve) => {
    const never = new Promise(() => {});
    locks
      .request(name, () => {
        resolve(name);
        return never;
      })
      .catch(() => resolve(undefined));
  });
}

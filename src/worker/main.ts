/**
 * The worker's entry, imported for what it does; it exports nothing. An app builds a worker of its own with it, and gives
 * that to `openStore` as `worker`. It may share the worker with other code, as long as that leaves messages with
 * `nearshore: 'connect'` alone: each store that a page opens there comes with a port of its own then.
 *
 * @module nearshore/worker
 */
import { expose, transfer } from 'comlink';
import { type Connect, PROTOCOL, type Ready, type ToWorker } from '../shared/worker-api.js';
import { holdLockWhileAlive } from './alive-lock.js';
import { type Post, StoreHost } from './store-host.js';

addEventListener('message', ({ data, ports }: MessageEvent<Connect | undefined>) => {
  if (data?.nearshore === 'connect') void serve(ports[0] ?? self);
});

async function serve(channel: MessagePort | typeof self): Promise<void> {
  const post: Post = (message, handedOver = []) => channel.postMessage(message, handedOver);
  const host = new StoreHost(post, transfer);
  channel.addEventListener('message', ((event: MessageEvent<ToWorker | { nearshore?: undefined }>) => {
    const { data } = event;
    if (data.nearshore === undefined) return;
    // Comlink would look into it all the same.
    event.stopImmediatePropagation();
    if (data.nearshore === 'query') void host.query(data);
    else host.receive(data);
  }) as EventListener);
  expose(host, channel);
  const ready: Ready = { nearshore: 'ready', protocol: PROTOCOL, aliveLock: await holdLockWhileAlive() };
  channel.postMessage(ready);
}

import { errorToWire } from '../../shared/errors.js';
import { holdLockWhileAlive } from '../alive-lock.js';
import { trainRows } from './train-rows.js';
import type { FromTrainer, TrainRequest } from './trainer-api.js';
import { firstThatWorks } from './trainer-kernels.js';

// The entry of the second worker: it trains once, answers, and waits to be ended.

/** Nobody waits for this thread. */
const MACS_PER_CALL = 400_000_000;

type Post = (message: FromTrainer, buffers?: ArrayBuffer[]) => void;

async function train(
  { rows, shape, seed, kernels: names, assetBaseUrl }: TrainRequest,
  post: Post,
): Promise<void> {
  const kernels = await firstThatWorks(names, assetBaseUrl);
  const trained = await trainRows(rows, shape, kernels, {
    seed,
    macsPerCall: MACS_PER_CALL,
    onProgress: (progress) => post({ type: 'progress', progress }),
  });
  const { vectors, norms, order, lists } = trained;
  const views = [vectors, norms, order, lists.centroids, lists.starts];
  post(
    { type: 'trained', trained },
    views.map((view) => view.buffer),
  );
}

async function serve(port: MessagePort): Promise<void> {
  const post: Post = (message, buffers = []) => port.postMessage(message, buffers);
  const fail = (error: unknown) => post({ type: 'failed', error: errorToWire(error) });
  port.addEventListener('message', ({ data }: MessageEvent<TrainRequest>) => {
    train(data, post).catch(fail);
  });
  port.addEventListener('messageerror', () => fail(new Error('The rows could not be read.')));
  port.start();
  post({ type: 'ready', aliveLock: await holdLockWhileAlive() });
}

// The page that made it gives it the port to the store's worker.
addEventListener('message', ({ ports }: MessageEvent) => {
  const [port] = ports;
  if (port !== undefined) void serve(port);
});

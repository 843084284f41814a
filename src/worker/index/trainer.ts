import { errorToWire } from '../../shared/errors.js';
import { holdLockWhileAlive } from '../alive-lock.js';
import { trainRows } from './train-rows.js';
import type { FromTrainer, TrainRequest } from './trainer-api.js';
import { firstThatWorks } from './trainer-kernels.js';

// The entry of the second worker: it trains once, answers, and waits to be ended.

/** Nobody waits for this thread. */
const MACS_PER_CALL = 400_000_000;

const post = (message: FromTrainer, buffers: ArrayBuffer[] = []) =>
  postMessage(message, { transfer: buffers });
const fail = (error: unknown) => post({ type: 'failed', error: errorToWire(error) });

async function answer({ rows, shape, seed, kernels: names, assetBaseUrl }: TrainRequest): Promise<void> {
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

addEventListener('message', ({ data }: MessageEvent<TrainRequest>) => {
  answer(data).catch(fail);
});
addEventListener('messageerror', () => fail(new Error('The rows could not be read.')));
holdLockWhileAlive().then((aliveLock) => post({ type: 'ready', aliveLock }));

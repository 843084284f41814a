import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Trainers } from '../../client/trainers.js';
import type { Progress } from '../../shared/types.js';
import { rowsFrom } from '../compute/kernels-oracle.contract.js';
import { SeededRandom } from '../seeded-random.contract.js';
import { PageTrainers } from './page-trainers.js';
import { type TrainInWorkerOptions, trainInWorker } from './train-in-worker.js';
import { clusteredVectors, expectIndex } from './trained.contract.js';

const DIMENSION = 12;
const SHAPE = { dimension: DIMENSION, metric: 'cosine' } as const;
// Page and worker in one.
const page = new Trainers((message) => store.receive(message));
const store = new PageTrainers((message) => {
  if (message.nearshore === 'start-trainer') page.start(message.trainer);
  else if (message.nearshore === 'end-trainer') page.end(message.trainer);
});
const OPTIONS: TrainInWorkerOptions = { seed: 1, startTrainer: store.start, assetBaseUrl: undefined };

const vectors = clusteredVectors(new SeededRandom(1), {
  rows: 6000,
  dimension: DIMENSION,
  clusters: 60,
  spread: 0.4,
});
const freshRows = () => rowsFrom(vectors.slice(), DIMENSION);

const { Worker } = globalThis;
/** The workers that were started, and whether they were ended. */
let started: { worker: Worker; isEnded: boolean }[];
/** What starts instead of the trainer, where a test says so. */
let substitute: string | undefined;

beforeEach(() => {
  started = [];
  substitute = undefined;
  globalThis.Worker = class extends Worker {
    readonly #record: (typeof started)[number];

    constructor(url: string | URL, options?: WorkerOptions) {
      super(substitute ?? url, options);
      this.#record = { worker: this, isEnded: false };
      started.push(this.#record);
    }

    override terminate(): void {
      this.#record.isEnded = true;
      super.terminate();
    }
  };
});

afterEach(() => {
  vi.useRealTimers();
  globalThis.Worker = Worker;
  expect(started.every(({ isEnded }) => isEnded)).toBe(true);
});

/** The URL of a module worker. */
function script(code: string): string {
  return URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
}

/** A trainer that is ready at once, and calls `answer` with the rows. */
const readyTo = (answer: string) =>
  script(`addEventListener('message', ({ ports: [port] }) => {
    port.onmessage = () => { ${answer} };
    port.postMessage({ type: 'ready', aliveLock: undefined });
  });`);

it('I2 trains in a second worker, which takes the rows over and gives them back in the order of the lists', async () => {
  const rows = freshRows();
  const told: Progress[] = [];
  const trained = await trainInWorker(rows, SHAPE, { ...OPTIONS, onProgress: (p) => told.push(p) });
  expect(started).toHaveLength(1);
  expect(rows.vectors.byteLength).toBe(0);
  const before = freshRows();
  expectIndex(trained, before, SHAPE);
  for (const [at, row] of trained.order.entries()) {
    if (trained.vectors[at * DIMENSION] !== before.vectors[row * DIMENSION]) expect.fail(`row ${at}`);
  }
  expect(told.at(-1)).toEqual({ done: 6000, total: 6000 });
  expect(told.length).toBeGreaterThan(20);
});

it.each([['simd'], ['onnx'], ['js']] as const)('I10 %s kernels give lists as good as any', async (kernel) => {
  const options = { ...OPTIONS, kernels: [kernel] };
  const { curve, ...trained } = await trainInWorker(freshRows(), SHAPE, options);
  expectIndex({ curve, ...trained }, freshRows(), SHAPE);
  const at = curve.probes.findIndex((probes) => probes >= 10);
  expect(curve.measured[1]!.recall[at]).toBeGreaterThan(0.9);
  const again = await trainInWorker(freshRows(), SHAPE, options);
  expect(again.order).toEqual(trained.order);
  expect(again.curve).toEqual(curve);
});

it('I2 rows that are views of a larger buffer come back whole, and leave the buffer alone', async () => {
  const both = new Float32Array(vectors.length + 6000);
  both.set(vectors);
  both.set(freshRows().norms, vectors.length);
  const rows = { vectors: both.subarray(0, vectors.length), norms: both.subarray(vectors.length) };
  const trained = await trainInWorker(rows, SHAPE, OPTIONS);
  expect(trained.norms).toHaveLength(6000);
  expect(both[0]).toBe(vectors[0]);
});

it('L1 what fails in the worker fails here, as the same error', async () => {
  const rows = { vectors: new Float32Array(7), norms: new Float32Array(6000) };
  await expect(trainInWorker(rows, SHAPE, { ...OPTIONS, kernels: ['js'] })).rejects.toThrow(/NaN/);
  substitute = readyTo(`port.postMessage({
    type: 'failed',
    error: { code: 'CORRUPT', name: 'VectorStoreError', message: 'the very message' },
  })`);
  await expect(trainInWorker(freshRows(), SHAPE, OPTIONS)).rejects.toMatchObject({
    code: 'CORRUPT',
    message: 'the very message',
  });
});

it.each([
  ['is missing', () => new URL('./there-is-no-such-file.js', import.meta.url).href],
  ['throws as it loads', () => script("throw new Error('not here')")],
])('I2 if the script of the worker %s, training happens here', async (_, url) => {
  substitute = url();
  const trained = await trainInWorker(freshRows(), SHAPE, OPTIONS);
  expect(started).toHaveLength(1);
  expectIndex(trained, freshRows(), SHAPE);
});

it('I2 if the worker cannot be made, training happens here', async () => {
  globalThis.Worker = class {
    constructor() {
      throw new DOMException('a policy forbids it', 'SecurityError');
    }
  } as unknown as typeof Worker;
  expectIndex(await trainInWorker(freshRows(), SHAPE, OPTIONS), freshRows(), SHAPE);
});

it('I2 if the worker does not come up within 10 s, training happens here', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  substitute = script('onmessage = () => {};');
  const training = trainInWorker(freshRows(), SHAPE, OPTIONS);
  vi.advanceTimersByTime(10_000);
  expectIndex(await training, freshRows(), SHAPE);
});

it.each([
  ['throws outside of a call', "setTimeout(() => { throw new Error('broken') })", /broken/],
  ['throws in a call', "throw new Error('gone')", /gone/],
  ['does not answer as agreed', 'port.postMessage(null)', undefined],
])('L2 the training rejects if the worker %s', async (_, code, message) => {
  substitute = readyTo(code);
  const training = trainInWorker(freshRows(), SHAPE, OPTIONS);
  if (message === undefined) await expect(training).rejects.toThrow();
  else await expect(training).rejects.toMatchObject({ code: 'WORKER_LOST', message });
});

it('L2 the training rejects if an answer cannot be read', async () => {
  let port: MessagePort;
  const startTrainer = async () => {
    const trainer = await store.start();
    port = trainer!.port;
    return trainer;
  };
  const training = trainInWorker(freshRows(), SHAPE, {
    ...OPTIONS,
    startTrainer,
    onProgress: () => port.dispatchEvent(new MessageEvent('messageerror')),
  });
  await expect(training).rejects.toMatchObject({ code: 'WORKER_LOST', message: /could not be read/ });
});

it('L2 the training rejects if something ends the worker', async () => {
  const training = trainInWorker(freshRows(), SHAPE, {
    ...OPTIONS,
    onProgress: () => started[0]!.worker.terminate(),
  });
  await expect(training).rejects.toMatchObject({ code: 'WORKER_LOST', message: /ended it/ });
});

it('I2 an aborted training ends its worker at once', async () => {
  const controller = new AbortController();
  const training = trainInWorker(freshRows(), SHAPE, {
    ...OPTIONS,
    signal: controller.signal,
    onProgress: () => controller.abort('enough'),
  });
  await expect(training).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
  expect(started[0]!.isEnded).toBe(true);
});

it('I2 a training whose signal has fired does not begin', async () => {
  const signal = AbortSignal.abort('too late');
  const training = trainInWorker(freshRows(), SHAPE, { ...OPTIONS, signal });
  await expect(training).rejects.toMatchObject({ code: 'ABORTED', cause: 'too late' });
  expect(started).toEqual([]);
});

it('I2 a training can be aborted while its worker is loading', async () => {
  const controller = new AbortController();
  substitute = script('onmessage = () => {};');
  const rows = freshRows();
  const training = trainInWorker(rows, SHAPE, { ...OPTIONS, signal: controller.signal });
  controller.abort();
  await expect(training).rejects.toMatchObject({ code: 'ABORTED' });
  expect(rows.vectors).toHaveLength(vectors.length);
});

it('L4 messages are answered while it trains here', async () => {
  substitute = script("throw new Error('not here')");
  const { port1, port2 } = new MessageChannel();
  let answered = 0;
  port1.onmessage = () => {
    answered++;
    port2.postMessage('next');
  };
  port2.postMessage('first');
  let before: number | undefined;
  await trainInWorker(freshRows(), SHAPE, {
    ...OPTIONS,
    onProgress: () => {
      before ??= answered;
    },
  });
  port1.close();
  expect(answered - before!).toBeGreaterThan(10);
});

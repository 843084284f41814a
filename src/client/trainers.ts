import type { AboutTrainer } from '../shared/worker-api.js';
import { makeTrusted } from './trusted-workers.js';

type Send = (message: AboutTrainer, handedOver?: Transferable[]) => void;

/**
 * The workers that train indexes for one store's worker. The page makes them, since in Firefox ESR 153 `new Worker` in
 * a worker sometimes never returns (one of 40 on a busy machine), and blocks that worker for ever.
 */
export class Trainers {
  readonly #workers = new Map<number, Worker>();

  constructor(private readonly send: Send) {}

  start(trainer: number): void {
    const lose = (reason: string) => this.send({ nearshore: 'trainer-lost', trainer, reason });
    try {
      const worker = makeTrusted(spawnTrainer);
      this.#workers.set(trainer, worker);
      worker.addEventListener('error', ({ message }) => lose(message || 'its script could not be loaded'));
      worker.addEventListener('messageerror', () => lose('it was sent what cannot be read'));
      const { port1, port2 } = new MessageChannel();
      worker.postMessage({ nearshore: 'train' }, [port1]);
      this.send({ nearshore: 'trainer', trainer, port: port2 }, [port2]);
    } catch (error) {
      // There are no workers to be had, or a policy forbids them.
      lose(String(error));
    }
  }

  end(trainer: number): void {
    // ONNX Runtime's memory goes with it.
    this.#workers.get(trainer)?.terminate();
    this.#workers.delete(trainer);
  }

  endAll(): void {
    for (const trainer of [...this.#workers.keys()]) this.end(trainer);
  }
}

/** Bundlers find the worker by exactly this expression. */
function spawnTrainer(): Worker {
  return new Worker(new URL('../worker/index/trainer.ts', import.meta.url), {
    type: 'module',
    name: 'nearshore-trainer',
  });
}

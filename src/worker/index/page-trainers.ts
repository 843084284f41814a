import type { AboutTrainer, FromWorker } from '../../shared/worker-api.js';
import type { StartTrainer } from './train-in-worker.js';

interface Awaited {
  readonly come: (port: MessagePort | undefined) => void;
  readonly lose: (reason: string) => void;
}

/** Second workers that the page makes when asked; see `client/trainers.ts` for the reason. */
export class PageTrainers {
  readonly #awaited = new Map<number, Awaited>();
  #next = 0;

  constructor(private readonly post: (message: FromWorker) => void) {}

  readonly start: StartTrainer = () => {
    const trainer = this.#next++;
    return new Promise((come) => {
      let lose!: (reason: string) => void;
      const lost = new Promise<string>((resolve) => {
        lose = resolve;
      });
      const end = () => {
        this.#awaited.delete(trainer);
        this.post({ nearshore: 'end-trainer', trainer });
      };
      this.#awaited.set(trainer, { come: (port) => come(port && { port, lost, end }), lose });
      this.post({ nearshore: 'start-trainer', trainer });
    });
  };

  receive(message: AboutTrainer): void {
    const awaited = this.#awaited.get(message.trainer);
    if (message.nearshore === 'trainer') awaited?.come(message.port);
    else {
      awaited?.lose(message.reason);
      // Where none has come yet, none will.
      awaited?.come(undefined);
    }
  }
}

import { type Remote, transfer, wrap } from 'comlink';
import { type Connect, type FromWorker, PROTOCOL, type StoreApi } from '../shared/worker-api.js';

/** How long a worker may take to load and say that it is ready. */
const READY_MS = 10_000;

/** Without Web Locks: how often a worker is asked whether it lives, and how long it may take to answer. */
const PING_EVERY_MS = 5_000;
const PING_ANSWER_MS = 15_000;

/**
 * One live worker and the port to it. Comlink by itself never settles a call whose worker has died; this tells
 * when it has, whatever the cause: a missing file, an uncaught error, `terminate()`, a crash.
 */
export class WorkerConnection {
  readonly api: Remote<StoreApi>;
  /** Resolves to the reason when the worker is lost; at most once. */
  readonly lost: Promise<string>;
  readonly #port: MessagePort;
  readonly #stopWatching = new AbortController();
  #lose!: (reason: string) => void;

  /** @param owned whether the worker ends with the connection. */
  constructor(
    private readonly worker: Worker,
    private readonly owned: boolean,
    private readonly onMessage: (message: FromWorker) => void,
  ) {
    const channel = new MessageChannel();
    this.#port = channel.port1;
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
    const { signal } = this.#stopWatching;
    worker.addEventListener('error', (event) => this.#lose(reasonOf(event)), { signal });
    worker.addEventListener('messageerror', () => this.#lose('it sent what cannot be read'), { signal });
    this.#port.addEventListener('messageerror', () => this.#lose('it sent what cannot be read'), { signal });
    this.#port.addEventListener(
      'message',
      ({ data }: MessageEvent<FromWorker>) => {
        // Comlink's own messages go by here too.
        if (data.nearshore !== undefined) this.onMessage(data);
      },
      { signal },
    );
    this.api = wrap<StoreApi>(this.#port);
    // Comlink starts the port with its first call only, and the worker speaks first.
    this.#port.start();
    const connect: Connect = { nearshore: 'connect', protocol: PROTOCOL };
    worker.postMessage(connect, [channel.port2]);
  }

  /** Rejects with a reason if the worker does not come up. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`it was not ready within ${READY_MS / 1000} s`)),
        READY_MS,
      );
      this.lost.then((reason) => {
        clearTimeout(timer);
        reject(new Error(reason));
      });
      const listen = ({ data }: MessageEvent<FromWorker>) => {
        if (data.nearshore !== 'ready') return;
        this.#port.removeEventListener('message', listen);
        clearTimeout(timer);
        if (data.protocol !== PROTOCOL) {
          reject(
            new Error(
              `it speaks protocol ${data.protocol}, the page ${PROTOCOL}: they are of different releases`,
            ),
          );
          return;
        }
        this.#watch(data.aliveLock);
        resolve();
      };
      this.#port.addEventListener('message', listen);
    });
  }

  close(): void {
    this.#stopWatching.abort();
    this.#port.close();
    if (this.owned) this.worker.terminate();
  }

  #watch(aliveLock: string | undefined): void {
    const { signal } = this.#stopWatching;
    if (aliveLock === undefined || navigator.locks === undefined) {
      const timer = setInterval(() => this.#ping(), PING_EVERY_MS);
      signal.addEventListener('abort', () => clearInterval(timer));
      return;
    }
    // The worker holds this lock for as long as it lives.
    navigator.locks
      .request(aliveLock, { signal }, () => this.#lose('it has ended'))
      .catch(() => {
        // Closed before the worker ended.
      });
  }

  #ping(): void {
    const timer = setTimeout(
      () => this.#lose(`it has not answered for ${PING_ANSWER_MS / 1000} s`),
      PING_ANSWER_MS,
    );
    this.api.abort(-1, '').then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    );
  }
}

function reasonOf(event: ErrorEvent): string {
  // A file that is missing, or that the policy forbids, gives an event without a message.
  return event.message === undefined || event.message === ''
    ? 'its script could not be loaded'
    : `it threw outside a call: ${event.message}`;
}

/** Hands the buffers over instead of copying them. */
export function handOver<T>(args: T, views: readonly (ArrayBufferView<ArrayBuffer> | undefined)[]): T {
  return transfer(
    args,
    views.flatMap((view) => (view === undefined || view.byteLength === 0 ? [] : [view.buffer])),
  );
}

import { type Remote, transfer, wrap } from 'comlink';
import {
  type Connect,
  type FromWorker,
  PROTOCOL,
  type Ready,
  type StoreApi,
  type ToWorker,
  type TrainerWanted,
} from '../shared/worker-api.js';
import { Trainers } from './trainers.js';

/** How long a worker may take to load and say that it is ready. */
const READY_MS = 10_000;

/** Without Web Locks: how often a worker is asked whether it lives, and how long it may take to answer. */
const PING_EVERY_MS = 5_000;
const PING_ANSWER_MS = 15_000;

/** What calls go over: a dedicated worker, or a port to one that an app may use for other things too. */
interface Channel extends EventTarget {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  close?(): void;
}

export interface WorkerSource {
  /** Makes a worker, or hands out the one that the app gave. */
  readonly spawn: () => Worker;
  /** It runs nothing but this package, so the calls can go over the worker itself: faster than over a port. */
  readonly dedicated: boolean;
  /** The worker ends with the link. */
  readonly owned: boolean;
  /** A lost worker can be replaced. */
  readonly replaceable: boolean;
}

/**
 * One live worker and the channel to it. Comlink by itself never settles a call whose worker has died; this tells
 * when it has, whatever the cause: a missing file, an uncaught error, `terminate()`, a crash.
 */
export class WorkerConnection {
  readonly api: Remote<StoreApi>;
  /** Resolves to the reason when the worker is lost; at most once. */
  readonly lost: Promise<string>;
  readonly #worker: Worker;
  readonly #channel: Channel;
  readonly #hello: Promise<Ready>;
  readonly #stopWatching = new AbortController();
  readonly #trainers = new Trainers((message, handedOver) => this.post(message, handedOver));
  #lose!: (reason: string) => void;

  constructor(
    private readonly source: WorkerSource,
    onMessage: (message: Exclude<FromWorker, TrainerWanted>) => void,
  ) {
    const worker = source.spawn();
    const ports = source.dedicated ? undefined : new MessageChannel();
    this.#worker = worker;
    this.#channel = ports?.port1 ?? worker;
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
    const { signal } = this.#stopWatching;
    worker.addEventListener('error', (event) => this.#lose(reasonOf(event)), { signal });
    for (const target of [worker, this.#channel])
      target.addEventListener('messageerror', () => this.#lose('it sent what cannot be read'), { signal });
    this.#hello = new Promise((resolve) => {
      const listen = (event: MessageEvent<Ready | FromWorker>) => {
        const { data } = event;
        // Comlink's answers go by here too; what is not for it, it need not look at.
        if (data.nearshore === undefined) return;
        event.stopImmediatePropagation();
        if (data.nearshore === 'ready') resolve(data);
        else if (data.nearshore === 'start-trainer') this.#trainers.start(data.trainer);
        else if (data.nearshore === 'end-trainer') this.#trainers.end(data.trainer);
        else onMessage(data);
      };
      this.#channel.addEventListener('message', listen as EventListener, { signal });
    });
    this.api = wrap<StoreApi>(this.#channel);
    // Comlink starts the port with its first call only, and the worker speaks first.
    ports?.port1.start();
    const connect: Connect = { nearshore: 'connect', protocol: PROTOCOL };
    worker.postMessage(connect, ports === undefined ? [] : [ports.port2]);
  }

  /** Rejects with a reason if the worker does not come up. */
  async ready(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it was not ready within ${READY_MS / 1000} s`)), READY_MS);
    });
    const lost = this.lost.then((reason) => {
      throw new Error(reason);
    });
    try {
      const { protocol, aliveLock } = await Promise.race([this.#hello, lost, late]);
      if (protocol !== PROTOCOL) {
        throw new Error(
          `it speaks protocol ${protocol}, the page ${PROTOCOL}: they are of different releases`,
        );
      }
      void this.#watch(aliveLock);
    } finally {
      clearTimeout(timer);
    }
  }

  post(message: ToWorker, handedOver: Transferable[] = []): void {
    this.#channel.postMessage(message, handedOver);
  }

  close(): void {
    this.#stopWatching.abort();
    this.#trainers.endAll();
    this.#channel.close?.();
    if (this.source.owned) this.#worker.terminate();
  }

  async #watch(aliveLock: string | undefined): Promise<void> {
    const { signal } = this.#stopWatching;
    if (aliveLock === undefined || !(await isHeld(aliveLock))) {
      if (signal.aborted) return;
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

/**
 * Once site data has been cleared, Chromium gives new workers other locks than the page has: the page would be granted
 * the lock of a worker that lives.
 */
async function isHeld(lock: string): Promise<boolean> {
  const locks = await navigator.locks?.query().catch(() => undefined);
  return locks?.held?.some(({ name }) => name === lock) ?? false;
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

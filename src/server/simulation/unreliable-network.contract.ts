import { abortedError, VectorStoreError } from '../../shared/errors.js';
import type { Hint, PushAnswer } from '../../shared/sync/protocol.js';
import type { SeededRandom } from '../../worker/seeded-random.contract.js';
import type { SyncTransport } from '../../worker/sync/transport.js';

/** What becomes of a call: how often the server gets it, and whether the client gets an answer. */
const FATES = [
  { share: 0.06, requests: 0, answered: false },
  { share: 0.08, requests: 1, answered: false },
  { share: 0.07, requests: 2, answered: true },
  // Often the client has given up before the server gets it.
  { share: 0.07, requests: 2, answered: false },
] as const;
const RELIABLE = { requests: 1, answered: true } as const;
const HINTS_HEARD = 0.7;

/** Something that is on its way. */
interface Message {
  readonly deliver: () => Promise<void>;
  readonly lose: () => void;
}

interface Listener {
  readonly client: number;
  readonly onHint: (hint: Hint) => void;
}

/** Between clients and server: loses, doubles, reorders and delays calls and answers, as chance has it. */
export class UnreliableNetwork {
  /** From now on everything arrives, once. */
  reliable = false;
  #inFlight: Message[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #waiting = new Map<number, number>();

  constructor(private readonly random: SeededRandom) {}

  get isEmpty(): boolean {
    return this.#inFlight.length === 0;
  }

  /** Whether the client waits for an answer. */
  isAwaitedBy(client: number): boolean {
    return (this.#waiting.get(client) ?? 0) > 0;
  }

  /** Delivers one of the messages. */
  async deliverOne(): Promise<void> {
    const [message] = this.#inFlight.splice(this.random.below(this.#inFlight.length), 1);
    await message?.deliver();
  }

  /** What is in flight never arrives, and whoever waits for it gives up. */
  loseAll(): void {
    for (const { lose } of this.#inFlight.splice(0)) lose();
  }

  /** The way of a client to the server. */
  to(server: SyncTransport, client: number): SyncTransport {
    return {
      open: (request, signal) => this.#call(client, signal, () => server.open(request, NEVER)),
      pull: (request, signal) => this.#call(client, signal, () => server.pull(request, NEVER)),
      push: (request, signal) =>
        this.#call(client, signal, async () => {
          const answer = await server.push(request, NEVER);
          this.#hint(client, answer);
          return answer;
        }),
      hints: (onHint, onOpen, signal) =>
        new Promise((_, reject) => {
          const listener = { client, onHint };
          this.#listeners.add(listener);
          signal.addEventListener('abort', () => {
            this.#listeners.delete(listener);
            reject(abortedError(signal.reason));
          });
          onOpen();
        }),
    };
  }

  #call<T>(client: number, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
    const fate = this.#fate();
    return new Promise((resolve, reject) => {
      this.#count(client, 1);
      let settle = (how: () => void) => {
        settle = () => {};
        signal.removeEventListener('abort', abort);
        this.#count(client, -1);
        how();
      };
      const lose = () => settle(() => reject(unanswered()));
      const abort = () => settle(() => reject(abortedError(signal.reason)));
      signal.addEventListener('abort', abort);
      for (let i = 0; i < fate.requests; i++) {
        const deliver = async () => {
          const outcome = await send().then(
            (answer) => () => resolve(answer),
            (error) => () => reject(error),
          );
          if (i > 0 || !fate.answered) return;
          this.#inFlight.push({ deliver: async () => settle(outcome), lose });
        };
        this.#inFlight.push({ deliver, lose: i === 0 && fate.answered ? lose : () => {} });
      }
      if (!fate.answered) this.#inFlight.push({ deliver: async () => lose(), lose });
    });
  }

  #fate(): { readonly requests: number; readonly answered: boolean } {
    let drawn = this.random.next();
    if (this.reliable) return RELIABLE;
    for (const fate of FATES) {
      if (drawn < fate.share) return fate;
      drawn -= fate.share;
    }
    return RELIABLE;
  }

  #count(client: number, by: number): void {
    this.#waiting.set(client, (this.#waiting.get(client) ?? 0) + by);
  }

  #hint(pusher: number, { shards }: PushAnswer): void {
    for (const listener of this.#listeners) {
      const { client, onHint } = listener;
      if (client === pusher || !this.random.chance(HINTS_HEARD)) continue;
      const deliver = async () => {
        if (!this.#listeners.has(listener)) return;
        for (const [shard, { seq }] of Object.entries(shards)) onHint({ shard: Number(shard), seq });
      };
      this.#inFlight.push({ deliver, lose: () => {} });
    }
  }
}

const NEVER = new AbortController().signal;

const unanswered = () =>
  new VectorStoreError('SERVER_UNAVAILABLE', 'The simulated network has lost the call or its answer.');

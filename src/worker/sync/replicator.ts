import { abortedError, VectorStoreError } from '../../shared/errors.js';
import type { Hint, OpenRequest } from '../../shared/sync/protocol.js';
import type { SyncState, SyncStatus } from '../../shared/sync/sync-status.js';
import { Acknowledgements } from './acknowledgements.js';
import { Agenda } from './agenda.js';
import { Backoff } from './backoff.js';
import { Conflicts } from './conflicts.js';
import { HintListener } from './hint-listener.js';
import type { Mirror } from './mirror.js';
import { Refusals } from './refusals.js';
import { openCollection, runRound } from './round.js';
import { type Progress, RoundReport } from './round-report.js';
import { ServerClock } from './server-clock.js';
import { Session } from './session.js';
import { Sleeper } from './sleeper.js';
import { StatusBoard } from './status-board.js';
import type { Clock, ConflictHandler, Network } from './surroundings.js';
import { stoppedError } from './sync-errors.js';
import type { SyncTransport } from './transport.js';

/** Without hints, and beside them, since they may be lost: one to two times as many milliseconds. */
const POLL_MS = 30_000;
/** The time of the last sync is stored so often at most: it is a commit. */
const NOTED_EVERY_MS = 60_000;
/** What only the application, or a person, can mend. */
const LASTING: ReadonlySet<string> = new Set<VectorStoreError['code']>([
  'UNAUTHORIZED',
  'CONFIG_MISMATCH',
  'SYNC_REJECTED',
  'INVALID_ARGUMENT',
  'STORAGE_LOST',
  'CLOSED',
]);

export interface ReplicatorParts {
  readonly transport: SyncTransport;
  readonly mirror: Mirror;
  /** What the collection has to be on the server, or is created with. */
  readonly collection: Omit<OpenRequest, 'protocol' | 'known'>;
  readonly conflicts: ConflictHandler;
  /** Whether it goes on by itself: hints, polls, and pushes of what is written. Else only `now` does anything. */
  readonly live: boolean;
  /** Whether a write counts as acknowledged only once a replica of Redis has it. */
  readonly replicated: boolean;
  readonly clock: Clock;
  readonly network: Network;
  /** In [0, 1). */
  readonly random: () => number;
}

interface Call {
  readonly resolve: () => void;
  readonly reject: (error: VectorStoreError) => void;
}

/**
 * Mirrors one collection to a server, both ways, offline first (SPEC, Y1 to Y12). Local reads and writes never wait for
 * it: it takes what is pending from the mirror, and gives what is new to it. One round is under way at a time.
 */
export class Replicator {
  readonly #stop = new AbortController();
  readonly #agenda = new Agenda();
  readonly #backoff: Backoff;
  readonly #sleeper: Sleeper;
  readonly #board: StatusBoard;
  readonly #acknowledgements: Acknowledgements;
  readonly #serverClock: ServerClock;
  readonly #session: Session;
  readonly #unsubscribe: (() => void)[] = [];
  #calls: Call[] = [];
  #isOpen = false;
  #hints: HintListener | undefined;
  #running: Promise<void> | undefined;
  /** By the clock's `elapsed`: after a failure no round begins by itself before it. */
  #retryAt = 0;
  #pollAt = 0;

  constructor(private readonly parts: ReplicatorParts) {
    const { mirror, transport, clock, conflicts, random, replicated } = parts;
    this.#backoff = new Backoff(random);
    this.#sleeper = new Sleeper(clock);
    this.#board = new StatusBoard(mirror);
    this.#acknowledgements = new Acknowledgements(mirror);
    this.#serverClock = new ServerClock(mirror, clock);
    const refusals = new Refusals();
    this.#session = new Session({
      mirror,
      transport,
      clock,
      serverClock: this.#serverClock,
      acknowledgements: this.#acknowledgements,
      refusals,
      conflicts: new Conflicts(mirror, conflicts, this.#acknowledgements, refusals, this.#stop.signal),
      replicated,
      signal: this.#stop.signal,
    });
  }

  start(): void {
    if (this.#running !== undefined) return;
    const { mirror, network, live } = this.parts;
    this.#unsubscribe.push(
      mirror.onPending(() => {
        this.#count();
        if (live) this.#agenda.push();
        this.#sleeper.wake();
      }),
      // The tab that has it acknowledged may die before it answers.
      mirror.onFollowed(() => void this.#acknowledgements.settledElsewhere().catch(() => {})),
      network.onChange(() => this.#onNetwork()),
    );
    if (live) this.#agenda.everything();
    this.#count();
    this.#running = this.#run();
  }

  /**
   * Resolves when all that is pending now is acknowledged or reported, and a whole pull has ended.
   *
   * @throws what kept the round from being whole; it is tried again by itself where that may help
   */
  now(signal?: AbortSignal): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.reject(stoppedError());
    if (signal?.aborted) return Promise.reject(abortedError(signal.reason));
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#calls = this.#calls.filter((other) => other !== call);
        reject(abortedError(signal?.reason));
      };
      const end = () => signal?.removeEventListener('abort', abort);
      const call: Call = {
        resolve: () => {
          end();
          resolve();
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#calls.push(call);
      this.#agenda.everything();
      this.#sleeper.wake();
    });
  }

  /**
   * Resolves when nothing of a write is pending any more, rejects with `SYNC_REJECTED` where some of it has lost or was
   * refused.
   *
   * @param stamp of the write
   */
  replicated(ids: readonly string[], stamp: string, signal?: AbortSignal): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.reject(stoppedError());
    return this.#acknowledgements.wait(ids, stamp, signal);
  }

  status(): SyncStatus {
    return this.#board.status;
  }

  /** @returns ends it */
  onStatus(listener: (status: SyncStatus) => void): () => void {
    return this.#board.onChange(listener);
  }

  /** Resolves when nothing is under way any more; every waiting call rejects with `CLOSED`. */
  async stop(): Promise<void> {
    this.#stop.abort(stoppedError());
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#sleeper.wake();
    for (const call of this.#calls.splice(0)) call.reject(stoppedError());
    this.#acknowledgements.stop(stoppedError());
    await Promise.all([this.#running, this.#hints?.ended()]);
    this.#board.set({ state: 'stopped' });
  }

  async #run(): Promise<void> {
    const { clock, network, live } = this.parts;
    while (!this.#stop.signal.aborted) {
      if (live && clock.elapsed() >= this.#pollAt) this.#agenda.everything();
      const isDue = network.online && !this.#agenda.isEmpty && clock.elapsed() >= this.#retryAt;
      if (this.#calls.length > 0 || isDue) await this.#round();
      else {
        this.#rest();
        const until = this.#agenda.isEmpty ? (live ? this.#pollAt : Number.POSITIVE_INFINITY) : this.#retryAt;
        await this.#sleeper.sleep(network.online ? until : Number.POSITIVE_INFINITY);
      }
    }
  }

  #rest(): void {
    const { state, error } = this.#board.status;
    if (!this.parts.network.online) this.#board.set({ state: 'offline' });
    else if (state === 'offline' && error === undefined) this.#board.set({ state: 'idle' });
  }

  async #round(): Promise<void> {
    const { clock, live, random } = this.parts;
    const calls = this.#calls.splice(0);
    this.#board.set({ state: 'syncing' });
    const wasOpen = this.#isOpen;
    const problem = await this.#attempt();
    if (this.#stop.signal.aborted) {
      for (const call of calls) call.reject(stoppedError());
      return;
    }
    this.#pollAt = clock.elapsed() + POLL_MS * (1 + random());
    if (problem === undefined) {
      this.#backoff.reset();
      this.#retryAt = 0;
      this.#board.set({ state: 'idle', error: undefined });
      if (live) this.#listen();
      for (const call of calls) call.resolve();
      return;
    }
    // Where it was open, the server may have lost it as a whole: opening it again tells.
    const isLasting = LASTING.has(problem.code) && !(problem.code === 'SYNC_REJECTED' && wasOpen);
    if (LASTING.has(problem.code)) this.#isOpen = false;
    if (live) this.#agenda.everything();
    const wait = isLasting ? Number.POSITIVE_INFINITY : this.#backoff.next(problem.retryAfterMs);
    this.#retryAt = clock.elapsed() + wait;
    const state: SyncState = problem.code === 'SERVER_UNAVAILABLE' ? 'offline' : 'error';
    this.#board.set({ state, error: problem });
    for (const call of calls) call.reject(problem);
  }

  /** @returns what kept the round from being whole */
  async #attempt(): Promise<VectorStoreError | undefined> {
    const { live } = this.parts;
    const report = new RoundReport((done) => this.#progress(done));
    try {
      const wanted = this.#agenda.take();
      await this.#open();
      const shards = wanted === 'all' ? new Set(this.#session.row.shards.keys()) : wanted;
      const left = await runRound(this.#session, shards, report);
      // Also those that damage has taken: no answer names them.
      await this.#acknowledgements.settledElsewhere();
      if (live) this.#agenda.pull(left);
      if (report.problem === undefined) await this.#noteSynced();
      await this.#board.count();
      this.#progress({});
      return report.problem;
    } catch (error) {
      return asSyncError(error);
    }
  }

  async #open(): Promise<void> {
    if (this.#isOpen) return;
    const { transport, mirror, clock, collection } = this.parts;
    const { signal } = this.#stop;
    const isAnother = await openCollection(transport, mirror, this.#serverClock, clock, collection, signal);
    if (isAnother) this.#session.forget();
    this.#isOpen = true;
  }

  async #noteSynced(): Promise<void> {
    const { mirror, clock } = this.parts;
    const at = clock.now();
    this.#board.set({ lastSyncedAt: at });
    const { lastSyncedAt = Number.NEGATIVE_INFINITY } = mirror.row!;
    if (Math.abs(at - lastSyncedAt) >= NOTED_EVERY_MS) await mirror.noteSynced(at);
  }

  #progress({ pushed, pulled, pending }: Progress): void {
    const { row } = this.parts.mirror;
    const { refusals, current } = this.#session;
    const { status } = this.#board;
    this.#board.set({
      pushed: status.pushed + (pushed ?? 0),
      pulled: status.pulled + (pulled ?? 0),
      pending: pending ?? status.pending,
      setAside: refusals.setAside,
      setAsideWrites: refusals.shown(),
      checkpoint: row && {
        shards: row.shards.length,
        current: current.size,
        healing: row.shards.filter(({ phase }) => phase !== 'pull').length,
      },
    });
  }

  #count(): void {
    // Where it fails, the next round does, and tells.
    this.#board.count().catch(() => {});
  }

  #listen(): void {
    const { transport, clock, random } = this.parts;
    this.#hints ??= new HintListener({
      transport,
      clock,
      random,
      onHint: (hint) => this.#onHint(hint),
      onOpen: () => {
        this.#agenda.everything();
        this.#sleeper.wake();
      },
      signal: this.#stop.signal,
    });
    this.#hints.serverIsThere();
  }

  #onHint({ shard, seq }: Hint): void {
    const checkpoint = this.parts.mirror.row?.shards[shard];
    if (checkpoint === undefined || seq <= checkpoint.cursor) return;
    this.#agenda.pull([shard]);
    this.#sleeper.wake();
  }

  #onNetwork(): void {
    if (this.parts.network.online && this.parts.live) {
      this.#agenda.everything();
      this.#retryAt = 0;
    }
    this.#sleeper.wake();
  }
}

function asSyncError(error: unknown): VectorStoreError {
  if (error instanceof VectorStoreError) return error;
  return new VectorStoreError(
    'SYNC_REJECTED',
    `The sync has failed in a way that was not foreseen: ${error instanceof Error ? error.message : String(error)}. ` +
      'What is pending stays on this device. Call now() to try again; if it stays so, report it with the cause.',
    { cause: error },
  );
}

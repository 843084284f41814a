import type { ConflictPolicy } from '../../shared/sync/protocol.js';
import { SeededRandom } from '../../worker/seeded-random.contract.js';
import { ManualClock } from '../../worker/sync/manual-clock.contract.js';
import type { Clock } from '../../worker/sync/surroundings.js';
import { checkHistory } from './check-history.contract.js';
import type { Event, History } from './history.contract.js';
import type { Reached, ShippedServer } from './shipped-server.contract.js';
import { SimulatedClient, type SimulatedCollection } from './simulated-client.contract.js';
import { type Answered, SimulatedServer } from './simulated-server.contract.js';
import { UnreliableNetwork } from './unreliable-network.contract.js';

const CLIENTS = 3;
const SHARDS = 2;
const IDS = 12;
const TOMBSTONE_LIFE_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Rounds of the exchange at the end: what one device heals, the others have to pull. */
const EXCHANGES = 12;

/** A new device: opens its collection; what is stored stays from one opening to the next. */
export type MakeDevice = (
  index: number,
  clock: Clock,
  conflict: ConflictPolicy,
) => () => Promise<SimulatedCollection>;

export interface Outcome {
  readonly violations: readonly string[];
  readonly answered: Answered;
  /** Versions that Redis had lost, and that a device has put back. */
  readonly healed: number;
  readonly merges: number;
  readonly events: readonly Event[];
}

/** One run: so many writes on three devices, with faults between them, then an exchange, then the verdict. */
export async function simulate(
  shipped: ShippedServer,
  makeDevice: MakeDevice,
  seed: number,
  writes: number,
): Promise<Outcome> {
  const serverClock = new ManualClock();
  const reached = await shipped.reach(`run-${seed}`, () => serverClock.now());
  const run = new Run(shipped, reached, serverClock, makeDevice, seed);
  await run.start();
  try {
    for (let i = 0; i < writes; i++) {
      await run.write(i);
      for (let steps = run.random.below(8); steps > 0; steps--) await run.step();
    }
    await run.exchange();
    const history = await run.history();
    return {
      violations: checkHistory(history),
      answered: run.server.answered,
      healed: countHealed(history),
      merges: run.merges,
      events: history.events,
    };
  } finally {
    await run.end();
    await reached.close();
  }
}

class Run {
  readonly random: SeededRandom;
  readonly server: SimulatedServer;
  readonly #events: Event[] = [];
  readonly #network: UnreliableNetwork;
  readonly #clients: SimulatedClient[] = [];
  readonly #clocks: ManualClock[];
  readonly #conflict: ConflictPolicy;
  #calls: Promise<unknown>[] = [];

  constructor(
    { redis, log }: ShippedServer,
    { name, transport }: Reached,
    private readonly serverClock: ManualClock,
    private readonly makeDevice: MakeDevice,
    seed: number,
  ) {
    this.random = new SeededRandom(seed);
    this.#conflict = this.random.chance(0.3) ? 'compare-and-set' : 'last-writer-wins';
    this.#network = new UnreliableNetwork(this.random);
    this.#clocks = Array.from({ length: CLIENTS }, () => {
      const clock = new ManualClock();
      if (this.random.chance(0.6)) clock.skewMs = this.#anySkew();
      return clock;
    });
    this.server = new SimulatedServer(redis, log, name, transport, (event) => this.#note(event));
  }

  #note(event: Event): void {
    this.#events.push(event);
  }

  async start(): Promise<void> {
    for (const [index, clock] of this.#clocks.entries()) {
      const client = await SimulatedClient.start({
        index,
        clock,
        random: this.random,
        transport: this.#network.to(this.server, index),
        conflict: this.#conflict,
        shards: SHARDS,
        tombstoneLifeMs: TOMBSTONE_LIFE_MS,
        open: this.makeDevice(index, clock, this.#conflict),
        note: (event) => this.#note(event),
      });
      this.#clients.push(client);
      await this.#quiet();
    }
  }

  async write(number: number): Promise<void> {
    const client = this.random.pick(this.#clients);
    const id = `r${this.random.below(IDS)}`;
    if (this.random.chance(0.3)) await client.remove(id);
    else await client.write(id, number);
    await this.#quiet();
  }

  async step(): Promise<void> {
    const drawn = this.random.next();
    if (drawn < 0.78) await this.#network.deliverOne();
    else if (drawn < 0.9) this.#pass(this.random.below(this.random.chance(0.2) ? 60_000 : 3_000));
    else if (drawn < 0.915) await this.#restart(this.random.below(CLIENTS));
    else if (drawn < 0.92) await this.random.pick(this.#clients).merge();
    else if (drawn < 0.94) this.#toggle(this.random.pick(this.#clients));
    else if (drawn < 0.95) this.#call(this.random.pick(this.#clients));
    else if (this.server.descriptor !== undefined) await this.#befall(this.random.below(SHARDS), drawn);
    await this.#quiet();
  }

  async #restart(index: number): Promise<void> {
    // Somebody has set the clock meanwhile.
    if (this.random.chance(0.2)) this.#clocks[index]!.skewMs = this.#anySkew();
    await this.#clients[index]!.restart();
  }

  #anySkew(): number {
    return Math.floor((2 * this.random.next() - 1) * DAY_MS);
  }

  /** Something happens to Redis. */
  async #befall(shard: number, drawn: number): Promise<void> {
    if (drawn < 0.968) await this.server.takeImage(shard);
    else if (drawn < 0.978) await this.server.failOver(shard);
    else if (drawn < 0.995) {
      await this.server.forget(shard, this.random.chance(0.2));
    } else await this.#outliveTombstones();
  }

  async #outliveTombstones(): Promise<void> {
    this.#network.loseAll();
    this.#pass(2 * TOMBSTONE_LIFE_MS);
    await this.#quiet();
    this.#network.loseAll();
    await this.#quiet();
    await this.server.outliveTombstones(async (id) => {
      const creating: string[] = [];
      for (const client of this.#clients) if (await client.hasPendingCreate(id)) creating.push(client.device);
      return creating;
    });
  }

  #pass(milliseconds: number): void {
    this.serverClock.pass(milliseconds);
    for (const clock of this.#clocks) clock.pass(milliseconds);
  }

  #toggle(client: SimulatedClient): void {
    client.network.online = !client.network.online;
  }

  #call(client: SimulatedClient): void {
    this.#calls.push(client.now().catch(() => {}));
  }

  /** Everything arrives, until nothing is left to be said. */
  async exchange(): Promise<void> {
    this.#network.reliable = true;
    for (const client of this.#clients) client.network.online = true;
    for (let i = 0; i < EXCHANGES; i++) {
      for (const client of this.#clients) {
        this.#call(client);
        await this.#drain();
      }
      if (i >= 2 && this.#clients.every(({ isIdle }) => isIdle) && (await this.#isEven())) return;
    }
  }

  /** Delivers until only time could bring more. */
  async #drain(): Promise<void> {
    for (let i = 0; i < 2_000; i++) {
      await this.#quiet();
      if (!this.#network.isEmpty) await this.#network.deliverOne();
      else if (this.#clients.every(({ isIdle }) => isIdle)) return;
      else this.#pass(2_000);
    }
  }

  async #isEven(): Promise<boolean> {
    const replicas = [await this.server.replica()];
    for (const client of this.#clients) replicas.push(await client.replica());
    const all = replicas.map((replica) => JSON.stringify([...replica.values()].sort(byId)));
    return new Set(all).size === 1;
  }

  async #quiet(): Promise<void> {
    for (const [i, client] of this.#clients.entries())
      await client.becomesQuiet(() => this.#network.isAwaitedBy(i));
  }

  get merges(): number {
    return this.#clients.reduce((sum, client) => sum + client.merges(), 0);
  }

  async history(): Promise<History> {
    const clients = [];
    let pending = 0;
    for (const client of this.#clients) {
      clients.push(await client.replica());
      pending += await client.pending();
    }
    return { events: this.#events, server: await this.server.replica(), clients, pending };
  }

  async end(): Promise<void> {
    for (const client of this.#clients) await client.stop();
    await Promise.all(this.#calls);
    await this.server.clear();
  }
}

function countHealed({ events }: History): number {
  const forgotten = new Set<string>();
  let healed = 0;
  for (const event of events) {
    if (event.type === 'forgotten') forgotten.add(`${event.id} ${event.stamp}`);
    if (event.type === 'applied' && forgotten.delete(`${event.id} ${event.stamp}`)) healed++;
  }
  return healed;
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}

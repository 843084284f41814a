import { randomUUID } from 'node:crypto';
import type { RedisConnection, RedisPort, Reply } from './redis-port.js';
import { commandOf, isUnknownScript, runScript, type ScriptCall } from './run-script.js';

export interface ConfirmedReply {
  readonly reply: Reply;
  /** Every replica that was connected has what was written, and there was one. False: they may have. */
  readonly replicated: boolean;
}

interface Waiting {
  readonly call: ScriptCall;
  readonly by: 'EVALSHA' | 'EVAL';
  resolve(result: ConfirmedReply): void;
  reject(error: unknown): void;
}

const WAIT_MS = '200';

/**
 * Writes that wait for their replicas, for each one that is connected: any of them may be elected, also one that lacks
 * what another has. `WAIT` holds its connection and asks for everything that was written over it before, so it has
 * connections of its own, and what comes while one of them waits goes together behind it.
 *
 * `WAIT` on a connection that has written nothing counts every replica. So a client that connects again between write
 * and `WAIT` would confirm what is lost; the name that the connection is given before and asked for afterwards tells
 * that it was one.
 */
export class ConfirmedWrites {
  readonly #redis: RedisPort;
  #apart: Promise<RedisPort> | undefined;
  /** Server → what waits for its connection. */
  readonly #queues = new Map<string, Waiting[]>();
  /** Server → how many replicas it had last. */
  readonly #replicas = new Map<string, number>();

  constructor(redis: RedisPort) {
    this.#redis = redis;
  }

  async run(call: ScriptCall): Promise<ConfirmedReply> {
    const apart = await this.#open();
    try {
      return await this.#runOn(apart, call, 'EVALSHA').catch((error) => {
        if (isUnknownScript(error)) return this.#runOn(apart, call, 'EVAL');
        throw error;
      });
    } catch {
      // By the way that follows moved keys, which also shows this client where they are now.
      return { reply: await runScript(apart, call), replicated: false };
    }
  }

  async close(): Promise<void> {
    await (await this.#apart?.catch(() => undefined))?.close();
  }

  #open(): Promise<RedisPort> {
    this.#apart ??= this.#redis.another();
    this.#apart.catch(() => {
      this.#apart = undefined;
    });
    return this.#apart;
  }

  async #runOn(redis: RedisPort, call: ScriptCall, by: Waiting['by']): Promise<ConfirmedReply> {
    const connection = await redis.connection(call.keys[0]!);
    return new Promise((resolve, reject) => {
      const waiting = { call, by, resolve, reject };
      const queue = this.#queues.get(connection.server);
      if (queue !== undefined) {
        queue.push(waiting);
      } else {
        this.#queues.set(connection.server, [waiting]);
        void this.#drain(connection);
      }
    });
  }

  async #drain(connection: RedisConnection): Promise<void> {
    const queue = this.#queues.get(connection.server)!;
    // What comes in this turn goes along.
    await Promise.resolve();
    while (queue.length > 0) await this.#confirm(connection, queue.splice(0));
    this.#queues.delete(connection.server);
  }

  async #confirm(connection: RedisConnection, group: readonly Waiting[]): Promise<void> {
    const { server } = connection;
    const name = randomUUID();
    // Sent at once: in this order, and nothing in between.
    const named = connection.send(['CLIENT', 'SETNAME', name]);
    const replies = group.map(({ call, by }) => connection.send(commandOf(call, by)));
    const info = connection.send(['INFO', 'replication']);
    const waited = waitFor(connection, this.#replicas.get(server) ?? 1);

    const [[, told, had], answers] = await Promise.all([
      Promise.allSettled([named, info, waited]),
      Promise.allSettled(replies),
    ]);
    let replicated = false;
    if (told.status === 'fulfilled' && had.status === 'fulfilled') {
      const connected = connectedReplicas(String(told.value));
      this.#replicas.set(server, Math.max(1, connected));
      // The first time, and where one was added, too few were waited for.
      const { count, name: after } =
        had.value.count < connected && had.value.asked < connected
          ? await waitFor(connection, connected).catch(() => had.value)
          : had.value;
      replicated = after === name && connected > 0 && count >= connected;
    }
    for (const [i, reply] of answers.entries()) {
      if (reply.status === 'fulfilled') group[i]!.resolve({ reply: reply.value, replicated });
      else group[i]!.reject(reply.reason);
    }
  }
}

interface Waited {
  readonly asked: number;
  /** How many replicas have what was written over the connection. */
  readonly count: number;
  /** Of the connection that was asked. */
  readonly name: string;
}

async function waitFor(connection: RedisConnection, asked: number): Promise<Waited> {
  const counted = connection.send(['WAIT', String(asked), WAIT_MS]);
  const named = connection.send(['CLIENT', 'GETNAME']);
  const [count, name] = await Promise.all([counted, named]);
  return { asked, count: Number(count), name: String(name) };
}

/** Those that have copied what was there before they came, and get what is written now. */
const connectedReplicas = (info: string) => [...info.matchAll(/^slave\d+:.*state=online/gm)].length;

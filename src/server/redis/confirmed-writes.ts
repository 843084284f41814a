import { randomUUID } from 'node:crypto';
import type { RedisConnection, RedisPort, Reply } from './redis-port.js';
import { commandOf, isUnknownScript, runScript, type ScriptCall } from './run-script.js';

export interface ConfirmedReply {
  readonly reply: Reply;
  /** A replica has what was written. False: it may have. */
  readonly replicated: boolean;
}

interface Waiting {
  readonly call: ScriptCall;
  readonly by: 'EVALSHA' | 'EVAL';
  resolve(result: ConfirmedReply): void;
  reject(error: unknown): void;
}

const WAIT = ['WAIT', '1', '200'];

/**
 * Writes that wait for a replica. `WAIT` holds its connection and asks for everything that was written over it before,
 * so it has connections of its own, and what comes while one of them waits goes together behind it.
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
    while (queue.length > 0) await confirm(connection, queue.splice(0));
    this.#queues.delete(connection.server);
  }
}

async function confirm(connection: RedisConnection, group: readonly Waiting[]): Promise<void> {
  const name = randomUUID();
  // Sent at once: in this order, and nothing in between.
  const named = connection.send(['CLIENT', 'SETNAME', name]);
  const replies = group.map(({ call, by }) => connection.send(commandOf(call, by)));
  const replicas = connection.send(WAIT);
  const nameAfter = connection.send(['CLIENT', 'GETNAME']);

  const [[, counted, after], answers] = await Promise.all([
    Promise.allSettled([named, replicas, nameAfter]),
    Promise.allSettled(replies),
  ]);
  const same = after.status === 'fulfilled' && String(after.value) === name;
  const replicated = same && counted.status === 'fulfilled' && Number(counted.value) >= 1;
  for (const [i, reply] of answers.entries()) {
    if (reply.status === 'fulfilled') group[i]!.resolve({ reply: reply.value, replicated });
    else group[i]!.reject(reply.reason);
  }
}

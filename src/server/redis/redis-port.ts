// What the change log needs of a Redis client. Implemented on the `redis` package: node-redis.ts.
//
// Every call settles: where no answer came, it rejects with `ShardUnavailable` (after 5 s at most); where the answer is
// an error, with `RedisError`.

export type Argument = string | Buffer;
export type Reply = Buffer | number | null | Reply[];

/** Redis has answered with an error; `message` is it. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
}

/** One connection: what is sent over it is executed in the order in which it was sent. */
export interface RedisConnection {
  /** Names the server; the same for all its connections of one port. */
  readonly server: string;
  send(command: readonly Argument[]): Promise<Reply>;
}

export interface RedisPort {
  /** To the master that has the key, also where it has moved; undefined: to any. */
  send(key: string | undefined, command: readonly Argument[]): Promise<Reply>;
  /** The connection that `send` would take. Nothing that was sent over it follows a key that has moved. */
  connection(key: string): Promise<RedisConnection>;
  /** Another one, with connections of its own. */
  another(): Promise<RedisPort>;
  /** To a sharded channel; it follows the channel to another master. Resolves when it listens. */
  subscribe(channel: string, listener: (message: string) => void): Promise<void>;
  unsubscribe(channel: string, listener: (message: string) => void): Promise<void>;
  close(): Promise<void>;
}

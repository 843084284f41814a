import { setTimeout as sleep } from 'node:timers/promises';
import { CollectionDropped, ShardUnavailable } from '../change-log.js';
import { type Argument, RedisError, type RedisPort, type Reply } from './redis-port.js';
import type { Script } from './scripts/script.js';

export interface ScriptCall {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
}

/** Redis has done nothing, and soon will: a slot on its way, a failover, a server that starts. */
const PASSING = /^(TRYAGAIN|ASK|MOVED|CLUSTERDOWN|LOADING|MASTERDOWN|READONLY|UNBLOCKED|BUSY)|non local key/;
/** Redis has done nothing, and will not before somebody mends it. */
const LASTING = /^(OOM|NOREPLICAS|MISCONF|NOAUTH|WRONGPASS)/;
const PATIENCE_MS = 3_000;
const PAUSE_MS = 50;

/** EVALSHA, or EVAL where the server does not know the script yet. */
export function commandOf({ script, keys, args }: ScriptCall, by: 'EVALSHA' | 'EVAL'): readonly Argument[] {
  return [by, by === 'EVAL' ? script.source : script.sha1, String(keys.length), ...keys, ...args];
}

export const isUnknownScript = (error: unknown) =>
  error instanceof RedisError && error.message.startsWith('NOSCRIPT');

/**
 * Runs a script on the master that has its first key. What Redis refuses for now is tried again for 3 s, which repeats
 * nothing.
 */
export async function runScript(redis: RedisPort, call: ScriptCall): Promise<Reply> {
  const until = performance.now() + PATIENCE_MS;
  let by: 'EVALSHA' | 'EVAL' = 'EVALSHA';
  while (true) {
    try {
      return await redis.send(call.keys[0], commandOf(call, by));
    } catch (error) {
      if (by === 'EVALSHA' && isUnknownScript(error)) {
        by = 'EVAL';
      } else if (error instanceof RedisError && PASSING.test(error.message) && performance.now() < until) {
        await sleep(PAUSE_MS);
      } else {
        throw translated(error);
      }
    }
  }
}

function translated(error: unknown): unknown {
  if (!(error instanceof RedisError)) return error;
  if (error.message.startsWith('DROPPED')) {
    return new CollectionDropped(
      'The collection was dropped while this call was under way. It changed nothing. Ask for the collection again.',
      { cause: error },
    );
  }
  if (PASSING.test(error.message) || LASTING.test(error.message)) {
    return new ShardUnavailable(
      `Redis has refused a call: ${error.message}. Nothing was changed. Repeat it once Redis accepts writes again.`,
      { cause: error },
    );
  }
  return error;
}

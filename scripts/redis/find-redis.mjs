// @ts-check
// Finds the Redis servers that tests and benches run. The only place that knows where they are.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * The `redis-server` that NEARSHORE_REDIS names, else the system's.
 *
 * @returns {string | undefined} undefined where there is none
 */
export function findRedis() {
  return named('NEARSHORE_REDIS') ?? [...path(), '/usr/bin', '/usr/local/bin'].map(inFolder).find(existsSync);
}

/**
 * The `redis-server` of Redis 8 that NEARSHORE_REDIS8 names, else the one that `get-redis8.mjs` has unpacked.
 *
 * @returns {string | undefined} undefined where there is none
 */
export function findRedis8() {
  return named('NEARSHORE_REDIS8') ?? [inFolder(redis8Folder())].find(existsSync);
}

/** Where `get-redis8.mjs` unpacks it: outside the work tree. */
export function redis8Folder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nearshore', 'redis8');
}

/** @param {string} variable */
function named(variable) {
  const file = process.env[variable];
  if (file && !existsSync(file)) {
    throw new Error(
      `${variable} names ${file}, where there is no file. No other Redis was tried, because that one was asked for. ` +
        'Correct the variable or unset it.',
    );
  }
  return file || undefined;
}

const path = () => (process.env.PATH ?? '').split(delimiter).filter(Boolean);
/** @param {string} folder */
const inFolder = (folder) => join(folder, 'redis-server');

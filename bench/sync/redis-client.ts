import { createClient, createCluster } from 'redis';

/** Without the deadline of every command, which takes as long as the command. */
const OPTIONS = { RESP: 2, commandOptions: { timeout: 0 } } as const;

/** The Redis client as fast as it is. A lost connection is told by the calls that it fails. */
export const redisClient = (url: string) =>
  createClient({ ...OPTIONS, url })
    .on('error', () => {})
    .connect();

export const redisClusterClient = (urls: readonly string[]) =>
  createCluster({ ...OPTIONS, rootNodes: urls.map((url) => ({ url })) })
    .on('error', () => {})
    .connect();

// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis, until } from './servers.mjs';

/** @typedef {import('./servers.mjs').RedisServer} RedisServer */

/**
 * @typedef {object} RedisCluster
 * @property {readonly string[]} urls
 * @property {readonly RedisServer[]} nodes
 * @property {(key: string) => Promise<RedisServer>} masterOf the node that the others take for the master of the key
 * @property {() => Promise<readonly RedisServer[]>} masters
 * @property {(master: RedisServer) => Promise<readonly RedisServer[]>} replicasOf
 * @property {() => Promise<void>} ready when it is whole: see below
 * @property {(slot: number, from: RedisServer, to: RedisServer) => Promise<void>} moveSlot with its keys
 * @property {() => Promise<void>} stop
 */

const MASTERS = 3;
/** Longer than any answer but that of a hung node. */
const VOTE_MS = 3_000;

/**
 * Three masters with replicas.
 *
 * @param {object} [options]
 * @param {string} [options.program] path of redis-server; default: the system's
 * @param {number} [options.replicas] of each master; default 1
 * @param {number} [options.nodeTimeoutMs] default 1,000
 * @param {readonly string[]} [options.config]
 * @returns {Promise<RedisCluster>}
 */
export async function startCluster({ program, replicas = 1, nodeTimeoutMs = 1_000, config = [] } = {}) {
  const count = MASTERS * (1 + replicas);
  const lines = [
    `cluster-node-timeout ${nodeTimeoutMs}`,
    'cluster-require-full-coverage no',
    'repl-diskless-sync-delay 0',
    // On a busy machine all replicas of one master may be taken for dead: one of another's would move there for good.
    'cluster-allow-replica-migration no',
    ...config,
  ];
  const nodes = await Promise.all(
    Array.from({ length: count }, () => startRedis({ program, cluster: true, config: lines })),
  );
  const cluster = clusterOf(nodes);
  try {
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
    const [first] = /** @type {[RedisServer]} */ (/** @type {unknown} */ (nodes));
    await first.cli(
      '--cluster',
      'create',
      ...addresses,
      '--cluster-replicas',
      String(replicas),
      '--cluster-yes',
    );
    await cluster.ready();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

/**
 * @param {readonly RedisServer[]} nodes
 * @returns {RedisCluster}
 */
function clusterOf(nodes) {
  const idOf = (/** @type {RedisServer} */ node) => node.cli('cluster', 'myid');
  const withPort = (/** @type {number | undefined} */ port) => {
    const found = nodes.find((node) => node.port === port);
    if (found === undefined) throw new Error(`No node answered, or none of ours was named (port ${port}).`);
    return found;
  };
  return {
    urls: nodes.map(({ url }) => url),
    nodes,
    async masterOf(key) {
      const slot = Number(await Promise.any(nodes.map((node) => node.cli('cluster', 'keyslot', key))));
      const views = await Promise.all(
        nodes.map((node) => Promise.race([mastersIn(node), sleep(VOTE_MS, [])])),
      );
      const votes = views.flatMap((masters) =>
        masters.filter(({ owns }) => owns(slot)).map(({ port }) => port),
      );
      // A node that is cut off may be of its own opinion.
      const count = (/** @type {number} */ port) => votes.filter((other) => other === port).length;
      return withPort(votes.sort((a, b) => count(b) - count(a))[0]);
    },
    async masters() {
      const masters = await mastersIn(nodes[0]);
      return masters.map(({ port }) => withPort(port));
    },
    async replicasOf(master) {
      const info = await master.cli('info', 'replication');
      return [...info.matchAll(/^slave\d+:.*port=(\d+)/gm)].map(([, port]) => withPort(Number(port)));
    },
    // Not yet when it says so itself: replicas may still be copying, and nodes may not know all others.
    async ready() {
      let missing = '';
      await until('every node of the cluster is connected with every other', async () => {
        const checks = await Promise.all(nodes.map((node) => missingIn(node, nodes.length)));
        missing = checks.filter((check) => check !== '').join('\n');
        return missing === '';
      }).catch((error) => {
        throw new Error(`${error.message}\n${missing}`);
      });
    },
    async moveSlot(slot, from, to) {
      const [source, target] = await Promise.all([idOf(from), idOf(to)]);
      await to.cli('cluster', 'setslot', String(slot), 'importing', source);
      await from.cli('cluster', 'setslot', String(slot), 'migrating', target);
      while (true) {
        const keys = (await from.cli('cluster', 'getkeysinslot', String(slot), '200'))
          .split('\n')
          .filter(Boolean);
        if (keys.length === 0) break;
        await from.cli('migrate', '127.0.0.1', String(to.port), '', '0', '5000', 'keys', ...keys);
      }
      // The target first: it must not be nobody's.
      await to.cli('cluster', 'setslot', String(slot), 'node', target);
      await from.cli('cluster', 'setslot', String(slot), 'node', target);
      for (const node of nodes)
        await node.cli('cluster', 'setslot', String(slot), 'node', target).catch(() => '');
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

/**
 * What this node lacks of a whole cluster; '' if nothing.
 *
 * @param {RedisServer} node @param {number} count
 */
async function missingIn(node, count) {
  const info = await node.cli('cluster', 'info');
  if (!info.includes('cluster_state:ok')) return `${node.port}: ${info.split('\n')[0]}`;
  const known = await node.cli('cluster', 'nodes');
  if (known.split('\n').length !== count || /fail|handshake|noaddr/.test(known))
    return `${node.port}: ${known}`;
  const replication = await node.cli('info', 'replication');
  const isWhole = replication.includes('role:slave')
    ? replication.includes('master_link_status:up')
    : [...replication.matchAll(/state=online/g)].length === count / MASTERS - 1;
  return isWhole ? '' : `${node.port}: ${replication}`;
}

/**
 * The masters that have slots, as a node sees them; none where it does not answer.
 *
 * @param {RedisServer | undefined} node
 */
async function mastersIn(node) {
  const lines = (await node?.cli('cluster', 'nodes').catch(() => ''))?.split('\n') ?? [];
  return lines.flatMap((line) => {
    const [, address = '', flags = '', , , , , , ...ranges] = line.split(' ');
    if (!/master/.test(flags) || /fail\b/.test(flags) || ranges.length === 0) return [];
    const owns = (/** @type {number} */ slot) =>
      ranges.some((range) => {
        const [start, end = start] = range.split('-').map(Number);
        return slot >= Number(start) && slot <= Number(end);
      });
    return [{ port: Number(/:(\d+)@/.exec(address)?.[1]), owns }];
  });
}

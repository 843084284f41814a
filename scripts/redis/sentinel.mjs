// @ts-check
import { startRedis, until } from './servers.mjs';

/** @typedef {import('./servers.mjs').RedisServer} RedisServer */

const MASTER = 'nearshore';
const SENTINELS = 3;

/**
 * A master, a replica and three sentinels.
 *
 * @param {object} [options]
 * @param {readonly string[]} [options.config] of the two servers
 * @param {{ ca: string, cert: string, key: string }} [options.tls] paths: all of them speak TLS alone
 * @param {number} [options.downAfterMs] how long a master is silent before it is taken for dead; default 1,000
 * @returns {Promise<{ name: string, urls: readonly string[], servers: readonly RedisServer[],
 *   master: () => Promise<RedisServer>, stop: () => Promise<void> }>} `urls` are those of the sentinels
 */
export async function startSentinel({ config = [], tls, downAfterMs = 1_000 } = {}) {
  const secure = tls ? ['tls-replication yes'] : [];
  const lines = ['repl-diskless-sync-delay 0', ...secure, ...config];
  const master = await startRedis({ tls, config: lines });
  const replica = await startRedis({ tls, config: [...lines, `replicaof 127.0.0.1 ${master.port}`] });
  const watch = [
    ...secure,
    `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} 2`,
    `sentinel down-after-milliseconds ${MASTER} ${downAfterMs}`,
    `sentinel failover-timeout ${MASTER} 5000`,
  ];
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, () => startRedis({ tls, sentinel: true, config: watch })),
  );
  const servers = [master, replica];
  const [first] = /** @type {[RedisServer]} */ (/** @type {unknown} */ (sentinels));
  await until('the sentinels know each other and the replica', async () => {
    const views = await Promise.all(sentinels.map((each) => each.cli('sentinel', 'master', MASTER)));
    return views.every((view) => {
      const of = fields(view);
      return of.get('num-slaves') === '1' && of.get('num-other-sentinels') === String(SENTINELS - 1);
    });
  });
  await until('the replica has copied the master', async () =>
    (await replica.cli('info', 'replication')).includes('master_link_status:up'),
  );
  return {
    name: MASTER,
    urls: sentinels.map(({ url }) => url),
    servers,
    async master() {
      const [, port] = (await first.cli('sentinel', 'get-master-addr-by-name', MASTER)).split('\n');
      return /** @type {RedisServer} */ (servers.find((server) => server.port === Number(port)));
    },
    async stop() {
      await Promise.all([...sentinels, ...servers].map((server) => server.stop()));
    },
  };
}

/** @param {string} flat names and values in turn, a line each */
function fields(flat) {
  const lines = flat.split('\n');
  return new Map(Array.from({ length: lines.length / 2 }, (_, i) => [lines[2 * i], lines[2 * i + 1]]));
}

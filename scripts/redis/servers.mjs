// @ts-check
// Starts real Redis servers on loopback, each in a folder of its own, and stops them by their pid.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findRedis } from './find-redis.mjs';

/**
 * @typedef {object} RedisServer
 * @property {number} port the TLS port where it has one, else the plain one
 * @property {string} url
 * @property {number} pid of the process that runs now
 * @property {string} folder
 * @property {(...command: string[]) => Promise<string>} cli by redis-cli, without authentication
 * @property {(signal: NodeJS.Signals) => void} signal
 * @property {() => Promise<void>} kill by SIGKILL; resolves when it has ended
 * @property {() => Promise<void>} restart with the same port, folder and configuration
 * @property {() => Promise<void>} stop kills it and removes its folder
 */

const ATTEMPTS = 5;
const START_MS = 30_000;
/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const BASE = ['bind 127.0.0.1', 'save ""', 'appendonly no', 'protected-mode no', 'daemonize no'];

/**
 * Nothing is kept on disk unless `config` says so.
 *
 * @param {object} [options]
 * @param {string} [options.program] path of redis-server; default: the system's
 * @param {readonly string[]} [options.config] lines of redis.conf
 * @param {{ ca: string, cert: string, key: string }} [options.tls] paths: it listens with TLS alone
 * @param {boolean} [options.cluster] as a node of a Cluster, which listens on a second port
 * @param {boolean} [options.sentinel] as a sentinel
 * @returns {Promise<RedisServer>}
 */
export async function startRedis({ program, config = [], tls, cluster, sentinel } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'nearshore-redis-'));
  const file = join(folder, 'redis.conf');
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const lines = [
      ...BASE.filter((line) => !sentinel || !/^(save|appendonly)/.test(line)),
      `dir ${folder}`,
      ...(tls
        ? [
            'port 0',
            `tls-port ${port}`,
            `tls-cert-file ${tls.cert}`,
            `tls-key-file ${tls.key}`,
            `tls-ca-cert-file ${tls.ca}`,
            'tls-auth-clients optional',
          ]
        : [`port ${port}`]),
      ...(cluster ? ['cluster-enabled yes', `cluster-port ${await freePort()}`] : []),
      ...config,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const command = [program ?? requireRedis(), file, ...(sentinel ? ['--sentinel'] : [])];
    try {
      return server(await launch(command), { command, port, folder, tls });
    } catch (error) {
      // Somebody else may have taken a port since it was found free.
      if (attempt === ATTEMPTS || !String(error).includes('in use')) throw error;
    }
  }
}

/**
 * @param {import('node:child_process').ChildProcess} first
 * @param {{ command: string[], port: number, folder: string, tls: { ca: string } | undefined }} of
 * @returns {RedisServer}
 */
function server(first, { command, port, folder, tls }) {
  let child = first;
  const kill = async () => {
    if (!running.has(child)) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    port,
    url: `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    get pid() {
      return /** @type {number} */ (child.pid);
    },
    folder,
    cli: (...args) => redisCli(['-p', String(port), ...(tls ? ['--tls', '--cacert', tls.ca] : []), ...args]),
    signal: (signal) => void child.kill(signal),
    kill,
    async restart() {
      await kill();
      child = await launch(command);
    },
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Resolves when it accepts connections.
 *
 * @param {readonly string[]} command
 */
async function launch([program, ...args]) {
  const child = spawn(/** @type {string} */ (program), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let output = '';
  await new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ why) =>
      reject(new Error(`${program} ${why}, so nothing can be tested on it. It said:\n${output}`));
    const timer = setTimeout(() => fail(`was not ready within ${START_MS} ms`), START_MS);
    const read = (/** @type {Buffer} */ chunk) => {
      output += chunk;
      // A sentinel says the second.
      if (/Ready to accept connections|Sentinel ID is/.test(output)) {
        clearTimeout(timer);
        resolve(undefined);
        output = '';
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
  }).catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  return child;
}

/** @param {readonly string[]} args */
async function redisCli(args) {
  const { stdout } = await promisify(execFile)('redis-cli', [...args], { timeout: 10_000 });
  return stdout.trim();
}

function requireRedis() {
  const program = findRedis();
  if (program === undefined) {
    throw new Error(
      'There is no redis-server. Tests of the change log run on real ones. Install Redis 7 or later, or set ' +
        'NEARSHORE_REDIS to the path of one.',
    );
  }
  return program;
}

export async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  return /** @type {import('node:net').AddressInfo} */ (address).port;
}

/**
 * Asks again until the answer is yes.
 *
 * @param {string} what for the error
 * @param {() => Promise<boolean>} ask a rejection is a no
 * @param {number} [withinMs]
 */
export async function until(what, ask, withinMs = 60_000) {
  const end = performance.now() + withinMs;
  while (!(await ask().catch(() => false))) {
    if (performance.now() > end) throw new Error(`It was not seen within ${withinMs} ms that ${what}.`);
    await sleep(50);
  }
}

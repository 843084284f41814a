// @ts-check
// `npm run demo:sync`: Redis, the sync server and the built demo, all on free ports. Ctrl-C ends all of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { preview } from 'vite';
import { bundleServer } from './build-server.mjs';
import { ensureRedis } from './ensure-redis.mjs';
import { startRedis } from './redis/servers.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
// Inside, so that the packages are found from there.
const SERVER = '.cache/demo-server';

/** What is to be ended, the last first. @type {(() => unknown)[]} */
const ends = [];
let isEnding = false;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => void end(0));

try {
  await ensureRedis();
  const redis = await startRedis();
  ends.push(() => redis.stop());
  await bundleServer(SERVER);
  const server = await startServer(redis.url);
  // Two origins: to a browser, and so to devices.html, two devices.
  const [page, twin] = [await servePage(), await servePage()];
  console.log(`${page}/?${new URLSearchParams({ server, twin })}`);
} catch (error) {
  console.error(error);
  await end(1);
}

/** @param {string} redis */
async function startServer(redis) {
  const args = [`${SERVER}/main.js`, '--dev', '--port', '0', '--redis', redis, '--log-level', 'warn'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  ends.push(() => child.kill('SIGKILL'));
  child.once('exit', (code) => {
    if (isEnding) return;
    console.error(`The sync server has ended with ${code}. Nothing is synced without it. Start again.`);
    void end(1);
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return /** @type {RegExpExecArray} */ (/http:\/\/\S+/.exec(line))[0];
}

async function servePage() {
  const server = await preview({
    logLevel: 'warn',
    preview: { host: '127.0.0.1', port: 0, strictPort: false, open: false },
  });
  ends.push(() => server.close());
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.httpServer.address());
  return `http://127.0.0.1:${port}`;
}

/** @param {number} code */
async function end(code) {
  if (isEnding) return;
  isEnding = true;
  for (const stop of ends.reverse()) await stop();
  process.exit(code);
}

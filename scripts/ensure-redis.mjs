// @ts-check
import { existsSync } from 'node:fs';
import { findRedis } from './redis/find-redis.mjs';
import { run } from './run.mjs';

/** Installs redis-server where it is not there; ends the process with instructions where that cannot be done. */
export async function ensureRedis() {
  if (findRedis() !== undefined) return;
  let output = '';
  const debian = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  const commands = debian
    ? [
        ['apt-get', 'update', '-qq'],
        ['apt-get', 'install', '-y', '--no-install-recommends', 'redis-server', 'openssl'],
      ]
    : [];
  for (const command of commands) {
    console.log(`▶ no redis-server: ${command.join(' ')}`);
    const result = await run(command, { DEBIAN_FRONTEND: 'noninteractive' });
    if (!result.ok) output += result.output;
  }
  if (findRedis() !== undefined) return;
  console.error(
    `${output}\nNo redis-server could be found or installed. The sync server is tested on real ones, so none of its tests ` +
      'was run. Install Redis 7 or later with the system, or set NEARSHORE_REDIS to the path of a redis-server.',
  );
  process.exit(1);
}

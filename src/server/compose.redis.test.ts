import { afterAll, beforeAll, expect, it } from 'vitest';
import { blocksOf } from '../../scripts/doc-blocks.js';
import { type RedisServer, startRedis } from '../../scripts/redis/servers.mjs';
import { syncTokenFor } from '../recipes/sync-token.example.js';
import { runServer, type ServerProcess } from './server-process.contract.js';

// What docs/recipes.md runs in production, without containers.

const SECRET = 'a secret of 32 bytes or more, not this one';
const compose = blocksOf('docs/recipes.md').find(({ language }) => language === 'yaml')!.source;

/** The words of a service's command. */
function commandOf(service: string): string[] {
  const text = new RegExp(
    `^  ${service}:\\n(?:    .*\\n)*?    command: (?:>-)?((?:.*\\n)(?: {6}.*\\n)*)`,
    'm',
  ).exec(compose);
  return text![1]!.trim().split(/\s+/);
}

/** `--a b --c d` as lines of redis.conf. */
const configOf = (args: readonly string[]) =>
  args
    .join(' ')
    .split('--')
    .filter(Boolean)
    .map((line) => line.trim());

let redis: RedisServer;
let server: ServerProcess;

beforeAll(async () => {
  const [program, ...redisArgs] = commandOf('redis');
  expect(program).toBe('redis-server');
  redis = await startRedis({ config: configOf(redisArgs) });
  const [npx, yes, name, ...serverArgs] = commandOf('sync');
  expect([npx, yes, name]).toEqual(['npx', '--yes', 'nearshore-server']);
  const args = serverArgs.map((arg) =>
    arg.replace('redis://redis:6379', redis.url).replace('0.0.0.0', '127.0.0.1'),
  );
  expect(args).toContain(redis.url);
  expect(compose).toContain('NEARSHORE_JWT_SECRET: ');
  server = await runServer([...args, '--port', '0'], { NEARSHORE_JWT_SECRET: SECRET });
});
afterAll(async () => {
  server?.child.kill('SIGTERM');
  await server?.exit;
  await redis?.stop();
});

it('W2 the composed server starts, and takes the tokens of the recipe and no others', async () => {
  const ask = async (token: string, origin = 'https://app.example') => {
    const headers = { authorization: `Bearer ${token}`, origin };
    return (await fetch(`${server.url}/v1/stores/notebook/collections`, { headers })).status;
  };
  expect(await ask(await syncTokenFor('ada', SECRET))).toBe(200);
  expect(await ask(await syncTokenFor('ada', SECRET.toUpperCase()))).toBe(401);
  expect(await ask(await syncTokenFor('ada', SECRET), 'https://other.example')).toBe(403);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
});

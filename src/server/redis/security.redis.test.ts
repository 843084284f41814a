import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeCertificates } from '../../../scripts/redis/certificates.mjs';
import { startRedis } from '../../../scripts/redis/servers.mjs';
import { changeLogContract } from '../change-log.contract.js';
import { openRedis } from './node-redis.js';
import { openLog } from './open-log.contract.js';
import { RedisError } from './redis-port.js';
import { asRestrictedUser, restrictedUser } from './restricted-user.contract.js';

const ACL = ['user default off', restrictedUser()];

const folder = mkdtempSync(join(tmpdir(), 'nearshore-tls-'));
const files = await makeCertificates(folder);
const ca = readFileSync(files.ca, 'utf8');

changeLogContract({
  name: 'Redis by TLS, as a user that is restricted to its keys and commands',
  replicas: false,
  start: async () => {
    const server = await startRedis({ tls: files, config: ACL });
    return openLog(
      { urls: [asRestrictedUser(server.url)], tls: { ca } },
      {
        async stop() {
          await server.stop();
          rmSync(folder, { recursive: true });
        },
      },
    );
  },
});

/** Ends with the test, however that ends. */
async function startForTest(options: Parameters<typeof startRedis>[0]): Promise<string> {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  return server.url;
}

test('G7 that user can do nothing else', async () => {
  const redis = await openRedis({ urls: [asRestrictedUser(await startForTest({ config: ACL }))] });
  onTestFinished(() => redis.close());
  await expect(redis.send(undefined, ['FLUSHALL'])).rejects.toThrow(RedisError);
  await expect(redis.send('other', ['GET', 'other'])).rejects.toThrow('NOPERM');
  await expect(redis.send('other', ['EVAL', 'return redis.call("GET", "other")', '0'])).rejects.toThrow(
    /NOPERM|can't access/,
  );
});

test.each([
  ['a wrong password', 'redis://nearshore:wrong@'],
  ['no user', 'redis://'],
])('G7 %s is refused, with the reason', async (_, start) => {
  const url = (await startForTest({ config: ACL })).replace('redis://', start);
  const refused = openRedis({ urls: [url] }).then((redis) => {
    onTestFinished(() => redis.close());
    return redis.send('{ns:a}', ['GET', '{ns:a}']);
  });
  await expect(refused).rejects.toThrow(/WRONGPASS|NOAUTH/);
});

test('G7 a certificate of an unknown authority is refused', async () => {
  const own = mkdtempSync(join(tmpdir(), 'nearshore-tls-'));
  onTestFinished(() => rmSync(own, { recursive: true }));
  const url = await startForTest({ tls: await makeCertificates(own) });
  await expect(openRedis({ urls: [url], tls: { ca } })).rejects.toThrow(/does not answer.*certificate/);
});

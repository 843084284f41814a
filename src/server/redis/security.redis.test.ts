import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCertificates } from '../../../scripts/redis/certificates.mjs';
import { startRedis } from '../../../scripts/redis/servers.mjs';
import { changeLogContract } from '../change-log.contract.js';
import { openRedis } from './node-redis.js';
import { openLog } from './open-log.contract.js';
import { RedisError } from './redis-port.js';

/** The least that the server can do with; also in the documentation. */
const ACL = [
  'user default off',
  [
    ...[
      'user nearshore on >s3cret%/@ resetkeys resetchannels ~{ns:* &{ns:* -@all +eval +evalsha +info +time +ping',
    ],
    ...['+hget +hgetall +hset +hmget +hdel +hincrby +get +set +del +exists +mget +getrange +strlen +pexpire'],
    ...['+zadd +zrem +zscore +zrange +zrangebyscore +spublish +ssubscribe +sunsubscribe'],
    ...['+wait +client|setname +client|getname'],
  ].join(' '),
];

const folder = mkdtempSync(join(tmpdir(), 'nearshore-tls-'));
const files = await makeCertificates(folder);
const ca = readFileSync(files.ca, 'utf8');

changeLogContract({
  name: 'Redis by TLS, as a user that is restricted to its keys and commands',
  replicas: false,
  start: async () => {
    const server = await startRedis({ tls: files, config: ACL });
    const url = new URL(server.url);
    url.username = 'nearshore';
    url.password = encodeURIComponent('s3cret%/@');
    return openLog(
      { urls: [url.href], tls: { ca } },
      {
        async stop() {
          await server.stop();
          rmSync(folder, { recursive: true });
        },
      },
    );
  },
});

test('G7 that user can do nothing else', async () => {
  const server = await startRedis({ config: ACL });
  const url = server.url.replace('//', `//nearshore:${encodeURIComponent('s3cret%/@')}@`);
  const redis = await openRedis({ urls: [url] });
  await expect(redis.send(undefined, ['FLUSHALL'])).rejects.toThrow(RedisError);
  await expect(redis.send('other', ['GET', 'other'])).rejects.toThrow('NOPERM');
  await expect(redis.send('other', ['EVAL', 'return redis.call("GET", "other")', '0'])).rejects.toThrow(
    /NOPERM|can't access/,
  );
  await redis.close();
  await server.stop();
});

test.each([
  ['a wrong password', 'redis://nearshore:wrong@', {}],
  ['no user', 'redis://', {}],
])('G7 %s is refused, with the reason', async (_, start) => {
  const server = await startRedis({ config: ACL });
  await expect(
    openRedis({ urls: [server.url.replace('redis://', start)] }).then((redis) =>
      redis.send('{ns:a}', ['GET', '{ns:a}']),
    ),
  ).rejects.toThrow(/WRONGPASS|NOAUTH/);
  await server.stop();
});

test('G7 a certificate of an unknown authority is refused', async () => {
  const own = mkdtempSync(join(tmpdir(), 'nearshore-tls-'));
  const server = await startRedis({ tls: await makeCertificates(own) });
  await expect(openRedis({ urls: [server.url], tls: { ca } })).rejects.toThrow(
    /does not answer.*certificate/,
  );
  await server.stop();
  rmSync(own, { recursive: true });
});

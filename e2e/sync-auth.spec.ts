import { SignJWT } from 'jose';
import { addHelpers } from './support/api-test.js';
import { startSyncServer } from './support/sync-server.js';
import { type DeviceGlobals, expect, openBlank, test } from './support/sync-test.js';

const SECRET = 'a secret of tests, of more than 32 bytes';

/** @param ends in so many seconds */
function token(tenant: string, ends: number): Promise<string> {
  return new SignJWT({ tenant, collections: ['*'], access: ['read', 'write'] })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('tests')
    .setAudience('nearshore')
    .setExpirationTime(Math.floor(Date.now() / 1_000) + ends)
    .sign(new TextEncoder().encode(SECRET));
}

test('Y11: a token that a server refuses is asked for again, once; then the state is UNAUTHORIZED, and now() tries anew', async ({
  page,
  context,
  redis,
  baseURL,
  storeName,
}) => {
  const server = await startSyncServer({
    redis: redis.url,
    flags: ['--jwt-issuer', 'tests', '--jwt-audience', 'nearshore', '--origins', baseURL!],
    env: { NEARSHORE_JWT_SECRET: SECRET },
  });
  try {
    await addHelpers(context);
    await openBlank(page);
    const tokens = { good: await token('t', 3_600), expired: await token('t', -3_600) };
    const seen = await page.evaluate(
      async ([name, url, tokens]) => {
        const given: string[] = [];
        const next: (keyof typeof tokens)[] = ['expired', 'good'];
        const getToken = async () => {
          const kind = next.length > 1 ? next.shift()! : next[0]!;
          given.push(kind);
          return tokens[kind];
        };
        const store = await nearshore.openStore(name, { backend: 'js', remote: { url, getToken } });
        const notes = await store.collection('notes', { dimension: 2 });
        const sync = notes.sync({ live: false });
        const written = await notes.upsert([{ id: 'a', vector: [1, 2] }]);
        const first = await helpers.codeOf(sync.now());
        const acknowledged = await helpers.codeOf(written.replicated());
        const again = await helpers.codeOf(sync.now());
        const asked = [...given];
        await sync.stop();

        given.length = 0;
        next.splice(0, 2, 'expired');
        const refused = notes.sync({ live: false });
        await notes.upsert([{ id: 'b', vector: [1, 2] }]);
        const code = await helpers.codeOf(refused.now());
        const { state, error, pending } = refused.status();
        const askedInVain = given.length;
        next.splice(0, 1, 'good');
        const mended = await helpers.codeOf(refused.now());
        await refused.stop();

        const failing = notes.sync({
          live: false,
          getToken: () => {
            throw new Error('not signed in');
          },
        });
        const failed = await helpers.rejection(failing.now());
        Object.assign(globalThis, { notes });
        return {
          first,
          acknowledged,
          again,
          asked,
          code,
          state,
          error: error?.code,
          pending,
          askedInVain,
          mended,
          failed: failed.message,
        };
      },
      [storeName, server.url, tokens] as const,
    );
    expect(seen).toMatchObject({
      first: 'resolved',
      acknowledged: 'resolved',
      again: 'resolved',
      // The good one is kept.
      asked: ['expired', 'good'],
      code: 'UNAUTHORIZED',
      state: 'error',
      error: 'UNAUTHORIZED',
      pending: 1,
      askedInVain: 2,
      mended: 'resolved',
    });
    expect(seen.failed).toContain('not signed in');
    expect(
      await page.evaluate(() => (globalThis as never as DeviceGlobals).notes.count()),
      'what could not be synced is here',
    ).toBe(2);
  } finally {
    await server.kill();
  }
});

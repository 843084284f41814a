import { afterAll, beforeAll, expect, it } from 'vitest';
import { everyRoute } from './every-route.contract.js';
import {
  entriesOf,
  openRequest,
  pushOf,
  startServer,
  TestCaller,
  type TestServer,
  tokenOf,
} from './test-server.contract.js';

/** Names that would meet, or break out of a key, were they not told apart. */
const TENANTS = ['acme', 'acme/st', 'a}b{c', '../acme', 'ACME'];

let test: TestServer;
beforeAll(async () => {
  test = await startServer();
});
afterAll(() => test.stop());

it('H3 of five tenants, each sees its own collections and none of the others, on every route', async () => {
  const tenants = await Promise.all(
    TENANTS.map(async (tenant, i) => {
      const token = await tokenOf({ tenant });
      const own = new TestCaller(test.url, token, 'st', `own${i}`);
      const { descriptor } = await own.open();
      const shared = new TestCaller(test.url, token, 'st', 'shared');
      const { descriptor: sharedDescriptor } = await shared.open();
      for (const [caller, { id }] of [
        [own, descriptor],
        [shared, sharedDescriptor],
      ] as const) {
        const [operation] = pushOf(id, 1).operations;
        const operations = [{ ...operation!, id: `of ${tenant}` }];
        expect((await caller.push({ ...pushOf(id, 0), operations })).results).toEqual([{ status: 'ok' }]);
      }
      return { tenant, token, id: descriptor.id, sharedId: sharedDescriptor.id };
    }),
  );
  let refused = 0;
  for (const [i, asking] of tenants.entries()) {
    for (const [j, owning] of tenants.entries()) {
      const caller = new TestCaller(test.url, asking.token, 'st', `own${j}`);
      // Whoever may write creates what is not there; its own are still needed.
      const routes = everyRoute(owning.id).filter(
        ({ method }) => method !== 'PUT' && (i !== j || method !== 'DELETE'),
      );
      for (const { method, path, body, status } of routes) {
        const answer = await caller.ask(method, path, body);
        await answer.body?.cancel();
        const expected = i === j ? status : 404;
        expect([asking.tenant, owning.tenant, path, answer.status]).toEqual([
          ...[asking.tenant, owning.tenant, path, expected],
        ]);
        if (i !== j) refused++;
      }
    }
  }
  expect(refused).toBe(5 * 4 * 10);

  // The same names, and records of their own.
  for (const { tenant, token, id, sharedId } of tenants) {
    const shared = new TestCaller(test.url, token, 'st', 'shared');
    expect(entriesOf(await shared.pull(sharedId, [0, 1, 2, 3])).map((entry) => entry.id)).toEqual([
      `of ${tenant}`,
    ]);
    // By the id of another collection of its own, and of another tenant's.
    for (const other of [id, tenants.find((t) => t.tenant !== tenant)!.sharedId])
      await expect(shared.pull(other, [0])).rejects.toThrow('410');
    const list = await fetch(`${test.url}/v1/stores/st/collections`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const { collections } = (await list.json()) as { collections: { collection: string }[] };
    expect(collections.map(({ collection }) => collection).sort()).toEqual(
      [`own${TENANTS.indexOf(tenant)}`, 'shared'].sort(),
    );
  }
});

it('H3 a token for some collections of a tenant finds no others, and creates none', async () => {
  const all = await tokenOf();
  await new TestCaller(test.url, all, 'st', 'secret').open();
  const some = await tokenOf({ collections: ['st/public*', 'other/*'] });
  for (const [store, collection] of [
    ['st', 'secret'],
    ['st', 'new'],
    ['stx', 'public'],
    ['st', 'PUBLIC'],
  ] as const) {
    const caller = new TestCaller(test.url, some, store, collection);
    expect((await caller.ask('PUT', '', openRequest())).status).toBe(404);
    expect((await caller.ask('GET')).status).toBe(404);
    if (collection !== 'secret')
      expect((await new TestCaller(test.url, all, store, collection).ask('GET')).status).toBe(404);
  }
  expect((await new TestCaller(test.url, some, 'st', 'public1').ask('PUT', '', openRequest())).status).toBe(
    200,
  );
});

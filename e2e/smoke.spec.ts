import { expect, openBlank, type Profile, test } from './support/fixtures.js';

const profiles: Partial<Record<Profile, { wasm: boolean; isolated: boolean }>> = {
  plain: { wasm: true, isolated: false },
  strict: { wasm: true, isolated: false },
  nowasm: { wasm: false, isolated: false },
  isolated: { wasm: true, isolated: true },
};

for (const [profile, expected] of Object.entries(profiles) as [Profile, (typeof profiles)[Profile]][]) {
  test(`the package loads on a ${profile} page, whose headers do what they say`, async ({ page }) => {
    await openBlank(page, profile);
    const found = await page.evaluate(() => {
      const emptyModule = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
      let wasm = true;
      try {
        new WebAssembly.Module(emptyModule);
      } catch {
        wasm = false;
      }
      return { open: typeof nearshore.openStore, wasm, isolated: crossOriginIsolated };
    });
    expect(found).toEqual({ open: 'function', ...expected });
  });
}

test('a policy violation is noticed', async ({ page, cspViolations }) => {
  await openBlank(page, 'strict');
  expect(cspViolations).toEqual([]);
  await page.evaluate(() => fetch('http://127.0.0.1:1/').catch(() => {}));
  await expect.poll(() => cspViolations.length).toBeGreaterThan(0);
});

test('a browser that is closed and started again has its IndexedDB, also with the server gone', async ({
  launchPersistent,
  pagesServer,
}) => {
  const first = await launchPersistent();
  const before = await first.newPage();
  await openBlank(before);
  await before.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const request = indexedDB.open('kept', 1);
        request.onsuccess = () => {
          request.result.close();
          resolve();
        };
      }),
  );
  await first.close();

  const second = await launchPersistent();
  const after = await second.newPage();
  await openBlank(after);
  const reachable = () =>
    after.evaluate(() =>
      fetch('/blank').then(
        (response) => response.ok,
        () => false,
      ),
    );
  expect(await reachable()).toBe(true);
  await pagesServer.goOffline();
  expect(await reachable()).toBe(false);
  const names = await after.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  expect(names).toContain('kept');
  await pagesServer.goOnline();
  expect(await reachable()).toBe(true);
});

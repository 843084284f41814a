import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';

// Runs in Node, not in a browser.
test.beforeEach(({ browserName }) =>
  test.skip(browserName !== 'chromium', 'no browser is involved: once is enough'),
);

/** Runs a module in a Node process whose `nearshore` is the built package, until it ends by itself; it prints JSON. */
async function inNode(code: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    // Something left running, such as a timer, would keep it from ending.
    timeout: 30_000,
  });
  return JSON.parse(stdout.trim());
}

test('C2: importing the package has no side effect and touches nothing of a browser', async () => {
  const seen = await inNode(`
    const touched = [];
    const browser = ['window', 'self', 'document', 'location', 'navigator', 'Worker', 'indexedDB', 'WebAssembly',
      'localStorage', 'caches', 'importScripts', 'MessageChannel', 'fetch'];
    for (const name of browser) {
      Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push(name); } });
    }
    const before = Reflect.ownKeys(globalThis).length;
    const nearshore = await import('nearshore');
    const embedders = await import('nearshore/embedders');
    embedders.staticEmbedder();
    const { valid } = nearshore.validateRecords([{ id: 'a', vector: [1, 2] }], { dimension: 2 });
    const added = Reflect.ownKeys(globalThis).length - before;
    console.log(JSON.stringify({ touched, added, valid, exported: Object.keys(nearshore).sort() }));
  `);
  expect(seen).toEqual({
    touched: [],
    added: 0,
    valid: true,
    exported: ['VectorStoreError', 'openStore', 'validateQuery', 'validateRecords'],
  });
});

test('C2: opening a store where there is no browser says so', async () => {
  const seen = await inNode(`
    import { openStore, VectorStoreError } from 'nearshore';
    const error = await openStore('s').catch((error) => error);
    console.log(JSON.stringify({ ours: error instanceof VectorStoreError, code: error.code, message: error.message }));
  `);
  expect(seen).toEqual({
    ours: true,
    code: 'STORAGE_BLOCKED',
    message: expect.stringMatching(/browser/),
  });
});

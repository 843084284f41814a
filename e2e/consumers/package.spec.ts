import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, folderOf, test } from './support/consumer-test.js';
import { runToEnd } from './support/run-to-end.js';

const BIN = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));
/** What apps share is installed above them. */
const INSTALLED = join(folderOf('.'), 'node_modules');

for (const resolution of ['bundler', 'nodenext']) {
  test(`Z5: the types hold under moduleResolution ${resolution}`, async () => {
    await runToEnd(join(BIN, 'tsc'), ['-p', `tsconfig.${resolution}.json`], folderOf('types'));
  });
}

for (const name of ['nearshore', 'nearshore-server']) {
  test(`Z5: publint and Are the types wrong? find nothing in ${name}`, async () => {
    await runToEnd(join(BIN, 'publint'), ['--strict', '--pack', 'false'], join(INSTALLED, name));
    await runToEnd(join(BIN, 'attw'), [`${name}.tgz`, '--profile', 'esm-only'], folderOf('.'));
  });
}

test('Z5: the server, installed from its tarball, explains itself', async () => {
  const help = await runToEnd('npx', ['nearshore-server', '--help'], folderOf('server'));
  expect(help).toContain('--redis');
  expect(help).toContain('NEARSHORE_JWT_SECRET');
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StoreEngine } from '../store-engine.js';
import { contentsOf, exportBytes, framesOf } from './backup.contract.js';
import { exampleStore } from './damage.contract.js';

const page = readFileSync(new URL('../../../docs/backup.md', import.meta.url), 'utf8');
const reader = /```python\n([\s\S]*?)```/.exec(page)![1]!;
const hasPython = spawnSync('python3', ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'nearshore-python-'));
let store: StoreEngine;

beforeAll(async () => {
  store = await exampleStore();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await store.close();
});

/** What the documented reader gives of a file, or what it complains about. */
function readWithPython(bytes: Uint8Array) {
  const file = join(folder, 'example.nearshore');
  const script = join(folder, 'reader.py');
  writeFileSync(file, bytes);
  writeFileSync(script, `${reader}\nprint(json.dumps(list(records(sys.argv[1]))))\n`);
  const { status, stdout, stderr } = spawnSync('python3', [script, file], { encoding: 'utf8' });
  return status === 0 ? JSON.parse(stdout) : stderr.trim();
}

it('B1 the documented reader has at most 20 lines', () => {
  expect(reader.trimEnd().split('\n').length).toBeLessThanOrEqual(20);
});

it('B1 the documented reader in Python reads every record of an exported file', async (context) => {
  context.skip(!hasPython, 'python3 is not installed here: the documented reader was not run');
  const expected = (await contentsOf(store)).flatMap(({ config, ids, metadata, texts, bits }) => {
    const vectors = new Float32Array(new Uint8Array(Buffer.from(bits, 'base64')).buffer);
    return ids.map((id, i) => [
      config.name,
      id,
      [...vectors.subarray(i * config.dimension, (i + 1) * config.dimension)],
      metadata?.[i] === undefined ? null : JSON.parse(metadata[i]),
      texts?.[i] ?? null,
    ]);
  });
  expect(expected).toHaveLength(40);
  const byKey = (a: unknown[], b: unknown[]) => (`${a[0]} ${a[1]}` < `${b[0]} ${b[1]}` ? -1 : 1);
  expect(readWithPython(await exportBytes(store)).sort(byKey)).toEqual(expected.sort(byKey));
});

it('B1 the documented reader in Python notices damage and a missing end', async (context) => {
  context.skip(!hasPython, 'python3 is not installed here: the documented reader was not run');
  const bytes = await exportBytes(store);
  const damaged = bytes.slice();
  damaged[bytes.length >> 1]! ^= 1;
  expect(readWithPython(damaged)).toBe('damaged');
  expect(readWithPython(bytes.slice(0, framesOf(bytes).at(-1)![0]))).toBe('cut off');
  expect(readWithPython(bytes.slice(4))).toBe('not a backup of version 1');
});

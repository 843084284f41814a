import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const SHOWN = /<!-- file: (\S+) -->\s*```\w+\n([\s\S]*?)```/g;

const pages = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
const shown = pages.flatMap((page) =>
  [...readFileSync(join(ROOT, 'docs', page), 'utf8').matchAll(SHOWN)].map(([, file, code]) => ({
    ...{ page, file: file!, code: code! },
  })),
);

test('W1 examples are found in the documentation', () => {
  expect(shown.map(({ file }) => file)).toContain('src/react/search.example.tsx');
});

for (const { page, file, code } of shown) {
  test(`W1 docs/${page} shows ${file} as it is`, () => {
    expect(code).toBe(readFileSync(join(ROOT, file), 'utf8'));
  });
}

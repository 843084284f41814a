import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { reworded, shortened, synonymsAlone } from '../bench/wordnet/variants.mjs';
import { isHeldOut, readSynsets } from '../scripts/read-wordnet.mjs';

const root = new URL('../', import.meta.url);

it('J14 asked are 1,000 held-out definitions, varied; none as it stands, the same each time', () => {
  const definitions = new Map<string, string[]>();
  for (const { id, words, definition } of readSynsets()) {
    if (isHeldOut(id))
      definitions.set(words[0]!, [...(definitions.get(words[0]!) ?? []), definition.toLowerCase()]);
  }
  for (const vary of [shortened, reworded, synonymsAlone]) {
    const pairs = vary();
    expect(pairs).toHaveLength(1000);
    expect(vary()).toEqual(pairs);
    const verbatim = pairs.filter(({ word, text }) =>
      definitions.get(word)!.some((definition) => definition.replace(/[^a-z0-9]+/g, ' ').includes(text)),
    );
    // What is left of a short definition may be a run of its words, rarely.
    expect(verbatim.length).toBeLessThan(vary === shortened ? 50 : 1);
  }
});

it('J14 the table of docs/keyword-search.md is that of the last results', () => {
  const folder = new URL('bench/results/', root);
  const last = readdirSync(folder)
    .filter((name) => /^\d{4}-\d\d-\d\d-wordnet\.json$/.test(name))
    .sort()
    .at(-1)!;
  const { recall, records } = JSON.parse(readFileSync(new URL(last, folder), 'utf8'));
  const page = readFileSync(new URL('docs/keyword-search.md', root), 'utf8');
  expect(page).toContain(last);
  expect(page).toContain(records.toLocaleString('en'));
  for (const [name, { keyword, vector, hybrid }] of Object.entries<Record<string, number>>(recall)) {
    const row = [name, ...[keyword, vector, hybrid].map((value) => value!.toFixed(3))];
    expect(page).toContain(`| ${row.join(' | ')} |`);
  }
});

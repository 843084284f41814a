// npm run bench:sync: see bench/README.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureRedis } from '../../scripts/ensure-redis.mjs';
import { run } from '../../scripts/run.mjs';
import { machine, versionIn } from '../node/environment.mjs';
import { moduleLoader } from '../node/load-modules.mjs';

const HELP = `npm run bench:sync -- [options]

  --records 100000   of the bulk row; the others take a share of it
  --rows bulk,edits,visible,fan-out,remote-query,cluster
  --rounds 3         of every row that is repeated
  --shards 16        of each collection
  --set NAME         name of the results file: bench/results/<date>-NAME.json (default: sync-<records>)
  --no-build         measures dist/ as it is
`;

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '100000' },
    rows: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    shards: { type: 'string', default: '16' },
    set: { type: 'string' },
    'no-build': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

// By `exit`, which takes all servers along.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

if (values.help) console.log(HELP);
else await bench();
// Vite's caches may hold the process for minutes.
process.exit();

async function bench() {
  await ensureRedis();
  if (!values['no-build']) {
    const { ok, output } = await run(['node', 'scripts/build.mjs']);
    if (!ok) throw new Error(output);
  }
  const load = await moduleLoader();
  const { measureRows, ROW_NAMES } = await load('/bench/sync/measure.ts');
  const { tableOf } = await load('/bench/sync/table.ts');
  const { toMarkdown } = await load('/bench/markdown.ts');

  const rows = values.rows?.split(',') ?? ROW_NAMES;
  const unknown = rows.filter((name) => !ROW_NAMES.includes(name));
  if (unknown.length > 0) throw new Error(`There are no rows ${unknown}. There are ${ROW_NAMES}.`);
  const [records, rounds, shards] = [values.records, values.rounds, values.shards].map(Number);
  const startedAt = new Date().toISOString();
  const loadBefore = loadavg();
  const { figures, failures } = await measureRows(rows, { records, rounds, shards });
  const results = {
    startedAt,
    ...machine(),
    // Of one, five and fifteen minutes; before: what else the machine did.
    load: { before: loadBefore, after: loadavg() },
    versions: {
      node: process.version,
      nearshore: versionIn('package.json'),
      redis: versionIn('node_modules/redis/package.json'),
    },
    params: { rows, records, rounds, shards },
    figures,
    failures,
  };
  console.log(`\n${toMarkdown(tableOf(`Sync, ${records} records`, figures))}`);
  for (const failure of failures) console.error(`Not measured: ${failure}`);
  console.log(`Wrote ${write(results)}`);
  if (failures.length > 0) process.exitCode = 1;
}

function write(results) {
  const folder = join(import.meta.dirname, '../results');
  mkdirSync(folder, { recursive: true });
  const set = values.set ?? `sync-${results.params.records}`;
  const file = join(folder, `${results.startedAt.slice(0, 10)}-${set}.json`);
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  return file;
}

// npm run bench: see bench/README.md.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { requireBrowser } from '../scripts/browsers.mjs';
import { machine, versionIn } from './node/environment.mjs';
import { bindHost } from './node/host.mjs';
import { PEER_VERSIONS, prepare } from './node/peers.mjs';
import { serve } from './node/server.mjs';

const HELP = `npm run bench -- [options]

  --data mixture,glove     data sets
  --sizes 10k,100k,341k,1M rows; 341k is GloVe only, 1M the mixture without the peers
  --peers nearshore,js,hnsw
                           and nearshore-onnx: the same by ONNX Runtime graphs;
                           voy, orama, sqlite-vec: up to 100k rows
  --rows ingest,exact,index,compact,filter,selectivity,batch,open,memory,upsert,durable,
                           reopen,backup
  --queries 300            held-out queries that are reported
  --tuning 300             held-out queries that ef and targetRecall are tuned on
  --topK 10
  --rounds 3               rounds of every timed row
  --upserts 50
  --m 16 --efConstruction 200

  --set NAME               name of the results file: bench/results/<date>-NAME.json (default: the sizes)
  --isolated               cross-origin isolated pages: WASM threads, a finer clock
  --serve                  only serve the page, to be opened by hand
  --port N                 port to serve on (default: a free one)
`;

const OWN = {
  set: { type: 'string' },
  isolated: { type: 'boolean', default: false },
  serve: { type: 'boolean', default: false },
  port: { type: 'string', default: '0' },
  help: { type: 'boolean', default: false },
};
const PAGE = [
  'data',
  'sizes',
  'peers',
  'rows',
  'queries',
  'tuning',
  'topK',
  'rounds',
  'upserts',
  'm',
  'efConstruction',
];

const { values } = parseArgs({
  options: { ...OWN, ...Object.fromEntries(PAGE.map((name) => [name, { type: 'string' }])) },
});

if (values.help) {
  console.log(HELP);
} else {
  const { isolated, port } = values;
  const server = await serve({ ...prepare(), isolated, port: Number(port) });
  const search = new URLSearchParams(PAGE.filter((name) => values[name]).map((name) => [name, values[name]]));
  const url = `${server.url}?${search}`;
  if (values.serve) {
    console.log(`The bench runs in a page that you open: ${url}`);
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void server.close());
  } else {
    try {
      await run(url);
    } catch (error) {
      console.error(error.message);
      process.exitCode = 1;
    } finally {
      await server.close();
    }
  }
}

async function run(url) {
  // A profile on disk: in a private window nothing would be written to it.
  const profile = mkdtempSync(join(tmpdir(), 'nearshore-bench-'));
  const { args, ...launch } = requireBrowser('chromium');
  const context = await chromium.launchPersistentContext(profile, {
    ...launch,
    args: [...args, '--js-flags=--expose-gc'],
  });
  try {
    await bindHost(context, profile);
    const page = context.pages()[0] ?? (await context.newPage());
    page.on('console', (message) => {
      if (message.type() === 'info') console.log(message.text());
      else if (message.type() === 'error') console.error(message.text());
    });
    await page.goto(url);
    const results = await page.evaluate(() => window.benchDone);
    const environment = { ...machine(), versions: versions(results.page.userAgent) };
    console.log(`Wrote ${write({ environment, ...results })}`);
    if (results.sets.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

function versions(userAgent) {
  return {
    node: process.version,
    browser: /Chrom\S+/.exec(userAgent)?.[0],
    nearshore: versionIn('package.json'),
    'onnxruntime-web': versionIn('node_modules/onnxruntime-web/package.json'),
    ...PEER_VERSIONS,
  };
}

function write(results) {
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const set = values.set ?? results.params.sizes.join('-');
  const file = join(folder, `${results.startedAt.slice(0, 10)}-${set}.json`);
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  return file;
}

// node bench/sync/search.mjs: remote queries over HTTP; see bench/README.md.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createServer } from 'vite';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '15000' },
    queries: { type: 'string', default: '200' },
    shards: { type: 'string', default: '16' },
    out: { type: 'string' },
  },
});

// The sources are TypeScript; Vite reads them as it does for the demo.
const vite = await createServer({
  configFile: false,
  logLevel: 'error',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, watch: null, ws: false },
});
const { measureSearch } = await vite.ssrLoadModule('/bench/sync/search.ts');
const result = await measureSearch({
  rows: Number(values.rows),
  queries: Number(values.queries),
  shards: Number(values.shards),
});
console.table(result.table);
console.log(result.costs);
if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);
// Vite may go on for minutes.
process.exit();

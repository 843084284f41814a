// node bench/plots.mjs <results.json>: draws bench/results/plots/*.svg; see bench/README.md.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { charts } from './node/charts.mjs';
import { toSvg } from './node/svg.mjs';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('Usage: node bench/plots.mjs bench/results/<date>-<set>.json');
  process.exitCode = 2;
} else {
  const folder = join(import.meta.dirname, 'results/plots');
  mkdirSync(folder, { recursive: true });
  for (const { name, spec } of charts(JSON.parse(readFileSync(file, 'utf8')))) {
    const path = join(folder, `${name}.svg`);
    writeFileSync(path, `${await toSvg(spec)}\n`);
    console.log(`Wrote ${path}`);
  }
}

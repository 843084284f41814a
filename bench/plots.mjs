// node bench/plots.mjs <results.json> …: draws bench/results/plots/*.svg; see bench/README.md.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { charts } from './node/charts.mjs';
import { toSvg } from './node/svg.mjs';

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('Usage: node bench/plots.mjs bench/results/<date>-<set>.json …');
  process.exitCode = 2;
} else {
  const folder = join(import.meta.dirname, 'results/plots');
  mkdirSync(folder, { recursive: true });
  const sets = files.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')).sets);
  for (const { name, spec } of charts({ sets })) {
    const path = join(folder, `${name}.svg`);
    writeFileSync(path, `${await toSvg(spec)}\n`);
    console.log(`Wrote ${path}`);
  }
}

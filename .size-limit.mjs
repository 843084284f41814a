import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const STATIC_IMPORT = /^\s*(?:import|export)\b[^'"`;(]*?(?:from\s*)?["'`](\.[^"'`]+)["'`]/gm;

/** A module with all that it imports statically: what has to arrive before it runs. */
function withStaticImports(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  // A minified file is one line: imports are statements at its start.
  const code = readFileSync(file, 'utf8').replaceAll(';', ';\n');
  for (const [, specifier] of code.matchAll(STATIC_IMPORT))
    withStaticImports(join(dirname(file), specifier), found);
  return found;
}

export default [
  { name: 'nearshore, before any lazy chunk', file: 'dist/index.js' },
  { name: 'the same with its dependencies, minified', file: 'dist/standalone/nearshore.js' },
].map(({ name, file }) => ({ name, path: [...withStaticImports(file)], gzip: true, limit: '30 kB' }));

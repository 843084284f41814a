// Writes dist/: the modules for bundlers, their declarations, dist/standalone, and dist/server (a package of its own).
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { buildServer } from './build-server.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
rmSync('dist', { recursive: true, force: true });

await build({ mode: 'library', logLevel: 'warn' });
expectWorkerExpression('dist');
expectWorkersKept('dist');
await build({ mode: 'standalone', logLevel: 'warn' });
expectOrtAlone('dist/standalone');
// The licence of the embedder's data goes where the data goes.
for (const folder of ['dist/assets', 'dist/standalone/assets']) {
  copyFileSync('src/client/embedders/assets/NOTICE', `${folder}/NOTICE`);
}

const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
// The worker's entry is run, not called: it exports nothing.
writeFileSync('dist/types/worker.d.ts', 'export {};\n');
await buildServer();

/**
 * ORT starts its threads from the file that it is in: whatever else that file runs would run in each of them. The
 * bundler's runtime only defines functions.
 *
 * @param {string} folder
 */
function expectOrtAlone(folder) {
  const files = readdirSync(folder).filter((name) => /^chunk-onnxruntime-.*\.js$/.test(name));
  if (files.length < 2) {
    throw new Error(
      `No chunks of ONNX Runtime's two builds in ${folder}: see codeSplitting in vite.config.ts.`,
    );
  }
  for (const file of files) {
    if (!/\bfrom\s*["'`]\.\/(?!chunk-rolldown-runtime-)/.test(readFileSync(`${folder}/${file}`, 'utf8')))
      continue;
    throw new Error(
      `${folder}/${file} imports other files of this package, which its threads would run too.`,
    );
  }
}

/**
 * Bundlers find the worker by this expression, written just so.
 *
 * @param {string} folder
 */
function expectWorkerExpression(folder) {
  const expression = 'new Worker(new URL("./worker.js", import.meta.url), { type: "module" })';
  const files = readdirSync(folder).filter((name) => name.endsWith('.js'));
  if (files.some((name) => readFileSync(`${folder}/${name}`, 'utf8').includes(expression))) return;
  throw new Error(`No file in ${folder} has ${expression}, so no bundler would find the worker.`);
}

/**
 * A bundler drops what is imported for its side effects alone, unless package.json's `sideEffects` names it: a worker
 * whose code is in such a chunk would be an empty file.
 *
 * @param {string} folder
 */
function expectWorkersKept(folder) {
  const { sideEffects } = JSON.parse(readFileSync('package.json', 'utf8'));
  const isKept = (/** @type {string} */ file) =>
    sideEffects.some((/** @type {string} */ pattern) => matchesGlob(`./${folder}/${file}`, pattern));
  for (const worker of ['worker.js', 'trainer.js', 'testing-worker.js', 'transformers-worker.js']) {
    const code = readFileSync(`${folder}/${worker}`, 'utf8');
    const imported = [...code.matchAll(/^import ["']\.\/([^"']+)["'];?$/gm)].map(([, file]) => file);
    const dropped = [worker, ...imported].filter((file) => !isKept(/** @type {string} */ (file)));
    if (dropped.length > 0)
      throw new Error(`sideEffects in package.json does not name ${dropped.join(', ')} of ${folder}.`);
  }
}

/** @param {string} path @param {string} pattern with `*` for a part of a name */
function matchesGlob(path, pattern) {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]*')}$`).test(path);
}

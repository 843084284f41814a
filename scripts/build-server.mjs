// @ts-check
// Writes dist/server/: the package nearshore-server, whose dependencies are those of this one's devDependencies.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(root, 'dist/server');

export async function buildServer() {
  await bundleServer(OUT);
  writeTypes();
  writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(manifest(), undefined, 2)}\n`);
  copyFileSync(join(root, 'src/server/README.md'), join(OUT, 'README.md'));
  copyFileSync(join(root, 'LICENSE'), join(OUT, 'LICENSE'));
}

/**
 * Bundles the sources, and leaves packages as imports.
 *
 * @param {string} folder where packages are found from
 */
export async function bundleServer(folder) {
  await build({
    configFile: false,
    root,
    publicDir: false,
    logLevel: 'warn',
    build: {
      outDir: folder,
      emptyOutDir: true,
      ssr: true,
      target: 'node20',
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        input: { index: join(root, 'src/server/index.ts'), main: join(root, 'src/server/main.ts') },
        external: (/** @type {string} */ id) => isBuiltin(id) || /^[^./]/.test(id),
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunk-[name]-[hash].js' },
      },
    },
  });
  chmodSync(join(folder, 'main.js'), 0o755);
}

function writeTypes() {
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'src/server/tsconfig.build.json')],
    { stdio: 'inherit' },
  );
  if (status !== 0) throw new Error('The types of the server could not be written.');
}

function manifest() {
  const { version, license, engines, devDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  return {
    name: 'nearshore-server',
    version,
    description: 'The sync and search server of nearshore, on Redis.',
    license,
    type: 'module',
    engines,
    bin: { 'nearshore-server': 'main.js' },
    exports: {
      '.': { types: './types/server/index.d.ts', default: './index.js' },
      './package.json': './package.json',
    },
    dependencies: Object.fromEntries(importedPackages().map((name) => [name, devDependencies[name]])),
  };
}

/** Of the files that were built, by their import lines. */
function importedPackages() {
  const files = readdirSync(OUT).filter((file) => file.endsWith('.js'));
  const code = files.map((file) => readFileSync(join(OUT, file), 'utf8')).join('\n');
  const imports = [...code.matchAll(/^import (?:[\w\s{},*$]* from )?["']([^."'][^"']*)["'];?$/gm)];
  const packages = imports
    .map(([, id]) => /** @type {string} */ (id))
    .filter((id) => !isBuiltin(id))
    .map((id) => /** @type {RegExpExecArray} */ (/^(?:@[^/]+\/)?[^/]+/.exec(id))[0]);
  return [...new Set(packages)].sort();
}

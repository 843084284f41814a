import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { APPS, OTHER_ORTS, ownOrt, TRANSFORMERS } from './apps.js';
import { runToEnd } from './run-to-end.js';
import { writeShownFiles } from './shown-files.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Where an app's code is, if not in its folder itself. */
const CODE: Record<string, string> = { vite: 'src', webpack: 'src', next: 'app' };
const fixtures = fileURLToPath(new URL('..', import.meta.url));

/** Runs before all tests: packs what was built, and installs the tarballs into every app, in a temporary folder. */
export default async function install(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'nearshore-consumers-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    await fill(folder);
  } catch (error) {
    remove();
    throw error;
  }
  process.env.NEARSHORE_CONSUMERS_FOLDER = folder;
  return remove;
}

async function fill(folder: string): Promise<void> {
  await Promise.all([
    pack(root, join(folder, 'nearshore.tgz')),
    pack(join(root, 'dist/server'), join(folder, 'nearshore-server.tgz')),
    createViteApp(folder),
  ]);
  for (const app of [...APPS, TRANSFORMERS]) {
    cpSync(join(fixtures, app), join(folder, app), { recursive: true });
    cpSync(
      join(fixtures, 'shared/try-everything.js'),
      join(folder, app, CODE[app] ?? '.', 'try-everything.js'),
    );
  }
  // In place of what only Node would use of Transformers.js: 350 MB.
  cpSync(join(root, 'scripts/nothing'), join(folder, 'nothing'), { recursive: true });
  writeShownFiles(folder, [...APPS, TRANSFORMERS]);
  cpSync(join(folder, 'own-ort/vite.config.js'), join(folder, TRANSFORMERS, 'vite.config.js'));
  // As workspaces, what two apps need is unpacked once.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, workspaces: APPS }));
  for (const version of OTHER_ORTS) writeOwnOrtApp(folder, version);
  await Promise.all([folder, join(folder, TRANSFORMERS)].map(npmInstall));
  for (const version of OTHER_ORTS) await npmInstall(join(folder, ownOrt(version)));
}

/** What a new user has after `npm create vite@latest` and `npm install nearshore`. */
async function createViteApp(folder: string): Promise<void> {
  const options = ['--template', 'vanilla-ts', '--no-interactive'];
  await runToEnd(join(root, 'node_modules/.bin/create-vite'), ['vite', ...options], folder);
  editPackage(join(folder, 'vite'), ({ devDependencies }) => ({
    dependencies: { nearshore: 'file:../nearshore.tgz' },
    // The release of the other apps, so that it is unpacked once.
    devDependencies: {
      ...devDependencies,
      vite: packageOf(join(fixtures, 'own-ort')).devDependencies!.vite!,
    },
  }));
}

/** `own-ort`, with the version in its own dependencies and in those of nearshore, as the README says. */
function writeOwnOrtApp(folder: string, version: string): void {
  const app = join(folder, ownOrt(version));
  cpSync(join(folder, 'own-ort'), app, { recursive: true });
  editPackage(app, ({ dependencies }) => ({
    dependencies: { ...dependencies, 'onnxruntime-web': version },
    overrides: { nearshore: { 'onnxruntime-web': version } },
  }));
}

interface Package {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  overrides?: Record<string, Record<string, string>>;
}

const packageOf = (app: string): Package => JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'));

function editPackage(app: string, edit: (was: Package) => Package): void {
  const was = packageOf(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ ...was, ...edit(was) }));
}

const npmInstall = (folder: string) =>
  runToEnd(
    'npm',
    ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'],
    folder,
  );

/** What `npm publish` would send, without building anew. */
async function pack(from: string, to: string): Promise<void> {
  const target = mkdtempSync(join(tmpdir(), 'nearshore-pack-'));
  try {
    const output = await runToEnd(
      'npm',
      ['pack', '--ignore-scripts', '--json', '--pack-destination', target],
      from,
    );
    const [{ filename }] = JSON.parse(output);
    cpSync(join(target, filename), to);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

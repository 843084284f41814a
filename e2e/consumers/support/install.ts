import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QUICK_APPS, runsAll, SLOW_APPS } from './apps.js';
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
  ]);
  const apps = runsAll ? [...QUICK_APPS, ...SLOW_APPS] : QUICK_APPS;
  for (const app of apps) {
    cpSync(join(fixtures, app), join(folder, app), { recursive: true });
    cpSync(
      join(fixtures, 'shared/try-everything.js'),
      join(folder, app, CODE[app] ?? '.', 'try-everything.js'),
    );
  }
  writeShownFiles(folder, apps);
  // As workspaces, what two apps need is unpacked once.
  const workspaces = apps.filter((app) => app !== 'transformers');
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, workspaces }));
  await npmInstall(folder);
  if (!runsAll) return;
  cpSync(join(folder, 'own-ort/vite.config.js'), join(folder, 'transformers/vite.config.js'));
  await npmInstall(join(folder, 'transformers'));
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

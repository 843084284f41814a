import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blocksOf } from '../../../scripts/doc-blocks.js';

/** Pages that show files of these apps, each after a comment `<!-- file: <app>/<path> -->`. */
const PAGES = ['README.md', 'docs/bundlers.md'];

/** Writes what the documentation shows below a folder, where an app of that name is. */
export function writeShownFiles(folder: string, apps: readonly string[]): void {
  for (const { by, of: path, source } of PAGES.flatMap(blocksOf)) {
    if (by !== 'file' || !apps.includes(path.split('/')[0]!)) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), source);
  }
}

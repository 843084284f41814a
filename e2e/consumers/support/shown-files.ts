import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blocksOf } from '../../../scripts/doc-blocks.js';

/** Pages that show files of these apps, each after a comment `<!-- file: <app>/<path> -->`. */
const PAGES = ['README.md', 'docs/bundlers.md'];

interface ShownFile {
  /** `<app>/<path>` */
  readonly path: string;
  readonly source: string;
}

/** The files of these apps that a page shows, in its order. */
export const shownFiles = (page: string, apps: readonly string[]): ShownFile[] =>
  blocksOf(page)
    .filter(({ by, of: path }) => by === 'file' && apps.includes(path.split('/')[0]!))
    .map(({ of: path, source }) => ({ path, source }));

/** Writes what the documentation shows below a folder, where an app of that name is. */
export function writeShownFiles(folder: string, apps: readonly string[]): void {
  for (const { path, source } of PAGES.flatMap((page) => shownFiles(page, apps))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), source);
  }
}

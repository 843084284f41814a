import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FILE_BLOCK = /<!-- file: (\S+) -->\s*```\w+\n([\s\S]*?)```/g;

/** The files that the README shows, each after a comment `<!-- file: <app>/<path> -->`: path → text. */
export function readmeFiles(): Map<string, string> {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  return new Map([...readme.matchAll(FILE_BLOCK)].map(([, path, text]) => [path!, text!]));
}

/** Writes them below a folder, where an app of that name is. */
export function writeReadmeFiles(folder: string, apps: readonly string[]): void {
  for (const [path, text] of readmeFiles()) {
    if (!apps.includes(path.split('/')[0]!)) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

// What a bench ran on, for its results file.
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

export function machine() {
  return {
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30) },
    system: `${type()} ${release()}`,
  };
}

/** The version in a package.json, by its path from the root of the project. */
export function versionIn(file) {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8')).version;
}

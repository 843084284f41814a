import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const SRC = import.meta.dirname;
const MAX_LINES = 400;
const MAY_IMPORT: Record<string, readonly string[]> = {
  client: ['client', 'shared'],
  react: ['react', 'client', 'shared'],
  langchain: ['langchain', 'client', 'shared'],
  worker: ['worker', 'shared'],
  shared: ['shared'],
  kernel: ['kernel'],
  server: ['server', 'shared'],
  testing: ['testing'],
  'testing/worker': ['testing', 'testing/worker', 'worker'],
};
/** Package → the sides that use it, each through one file. */
const OWNED_PACKAGES: Record<string, readonly string[]> = {
  '@huggingface/transformers': ['worker'],
  '@langchain/core': ['langchain'],
  comlink: ['client', 'worker'],
  'eventsource-parser': ['worker'],
  idb: ['worker'],
  'onnxruntime-web': ['worker'],
  '@hono/node-server': ['server'],
  hono: ['server'],
  jose: ['server'],
  'lru-cache': ['server'],
  pino: ['server'],
  'prom-client': ['server'],
  'rate-limiter-flexible': ['server'],
  react: ['react'],
  redis: ['server'],
  zod: ['server'],
};
/** Sides that may use what their platform has. */
const NODE_SIDES = ['server'];

const STATIC_IMPORT = /^(?:import|export) (type )?(?:[\w\s{},*$]*\sfrom )?'([^']+)'/gm;
const LAZY_IMPORT = /\bimport\(\s*'([^']+)'/g;

interface Import {
  from: string;
  typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const code = read(file);
  return [
    ...[...code.matchAll(STATIC_IMPORT)].map(([, type, from]) => ({ from: from!, typeOnly: Boolean(type) })),
    ...[...code.matchAll(LAZY_IMPORT)].map(([, from]) => ({ from: from!, typeOnly: false })),
  ];
}

const read = (file: string) => readFileSync(join(SRC, file), 'utf8');
const sideOf = (file: string) => /^(testing\/worker|[^/]+)\//.exec(file)?.[1] ?? '';
/** `@scope/name/path` → `@scope/name`. */
const packageOf = (from: string) => /^(@[^/]+\/)?[^/]+/.exec(from)![0];
const isTest = (file: string) => /\.(test|test-d|contract|example)\.tsx?$/.test(file);

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
const imports = new Map(
  files.filter((file) => !isTest(file) && sideOf(file) in MAY_IMPORT).map((file) => [file, importsOf(file)]),
);
/** File → the files of ours that it imports. */
const arrows = new Map(
  [...imports].map(([file, found]) => [
    file,
    found
      .filter(({ from }) => from.startsWith('.'))
      .map(({ from }) => relative(SRC, join(SRC, dirname(file), from)).replace(/(\.js)?$/, '.ts')),
  ]),
);

test('the import lines were found', () => {
  expect(arrows.size).toBeGreaterThan(10);
  const dangling = [...arrows].flatMap(([file, targets]) =>
    targets.filter((target) => !files.includes(target)).map((target) => `${file} → ${target}`),
  );
  expect(dangling).toEqual([]);
});

test('client and worker meet in shared only, and shared imports nothing', () => {
  const crossings = [...arrows].flatMap(([file, targets]) =>
    targets
      .filter((target) => !MAY_IMPORT[sideOf(file)]?.includes(sideOf(target)))
      .map((target) => `${file} → ${target}`),
  );
  expect(crossings).toEqual([]);
});

test('one file on each side owns each outside package, and there are no others', () => {
  const owners: Record<string, string[]> = {};
  for (const [file, found] of imports) {
    // A type alone ties nothing to the package at run time.
    const packages = found
      .filter(({ from, typeOnly }) => !from.startsWith('.') && !typeOnly)
      .filter(({ from }) => !(from.startsWith('node:') && NODE_SIDES.includes(sideOf(file))));
    for (const name of new Set(packages.map(({ from }) => packageOf(from)))) {
      (owners[`${name} in ${sideOf(file)}`] ??= []).push(file);
    }
  }
  const allowed = Object.entries(OWNED_PACKAGES).flatMap(([name, sides]) =>
    sides.map((side) => `${name} in ${side}`),
  );
  expect(Object.keys(owners).sort()).toEqual(allowed.sort());
  expect(Object.values(owners).filter((owning) => owning.length > 1)).toEqual([]);
});

test('imports have no cycle', () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (done.has(file) || path.includes(file)) return;
    for (const target of arrows.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of arrows.keys()) visit(file, []);
  expect(cycles).toEqual([]);
});

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const long = files.filter((file) => read(file).trimEnd().split('\n').length > MAX_LINES);
  expect(long).toEqual([]);
});

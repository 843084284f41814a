import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { blocksOf, type DocBlock, docPages, pathOf, readDoc } from '../scripts/doc-blocks.js';

const blocks = docPages.flatMap(blocksOf);
const CODE = ['ts', 'tsx', 'js', 'jsx', 'mjs', 'python'];
const SHELL = ['', 'sh'];
/** Apps of the consumers: e2e/consumers/support/shown-files.ts writes their files. */
const APP_PAGES = ['README.md', 'docs/bundlers.md'];

const at = ({ page, line }: DocBlock) => `${page}:${line}`;
const isThere = (path: string) => existsSync(pathOf(path));

test('W2 every fence of the documentation belongs to a block that was found', () => {
  for (const page of docPages) {
    const fences = readDoc(page).match(/^\s*(```|~~~)/gm) ?? [];
    expect(fences.length, page).toBe(2 * blocksOf(page).length);
  }
});

test('W2 every block of code is run by a test', () => {
  const code = blocks.filter(({ language }) => CODE.includes(language));
  expect(code.length).toBeGreaterThan(20);
  expect(code.filter(({ by }) => by === undefined).map(at)).toEqual([]);
});

test('W2 blocks without a test are shell, settings or JSON', () => {
  const languages = new Set(blocks.filter(({ by }) => by === undefined).map(({ language }) => language));
  expect([...languages].sort()).toEqual(['', 'json', 'sh']);
});

test('W2 a test that a block names is there, and reads its page', () => {
  for (const block of blocks.filter(({ by }) => by === 'test'))
    expect(readDoc(block.of), at(block)).toContain(block.page);
});

test('W2 what runs in browsers is in one of their languages', () => {
  const run = blocks.filter(({ by }) => by === 'e2e');
  expect(run.filter(({ language, of }) => language !== 'ts' || of !== 'run').map(at)).toEqual([]);
});

for (const block of blocks.filter(({ by }) => by === 'file')) {
  const { page, of: file, source } = block;
  if (file.startsWith('src/')) {
    test(`W1 ${page} shows ${file} as it is`, () => expect(source).toBe(readDoc(file)));
  } else {
    test(`Z2 ${page} shows ${file} of an app of the consumers`, () => {
      expect(APP_PAGES).toContain(page);
      expect(isThere(join('e2e/consumers', file.split('/')[0]!))).toBe(true);
    });
  }
}

/** As GitHub makes them. */
function anchorsOf(page: string): string[] {
  const headings = readDoc(page).matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, text]) =>
    text!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

test.each([...docPages, 'SPEC.md', 'ARCHITECTURE.md'])('W3 what %s links to is there', (page) => {
  const prose = readDoc(page).replace(/^```[\s\S]*?^```$/gm, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  const broken = links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path, anchor] = link.split('#') as [string, string?];
    const target = path === '' ? page : join(dirname(page), path);
    return !isThere(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
  expect(broken).toEqual([]);
});

/** Every line of the documentation that a shell gets, and every `npm …` and `node …` in its sentences. */
const commands = docPages.flatMap((page) => {
  const shell = blocksOf(page).filter(({ language }) => SHELL.includes(language));
  const lines = shell.flatMap(({ source }) => source.replace(/\\\n\s*/g, '').split('\n'));
  const inline = [...readDoc(page).matchAll(/`((?:npm|npx|node|nearshore-server) [^`\n]+)`/g)].map(
    ([, text]) => text!,
  );
  return [...lines, ...inline]
    .flatMap((line) => line.replace(/\s#.*$/, '').split('&&'))
    .map((command) => ({
      page,
      command: command.trim(),
    }));
});

/** Where a program tells its flags. */
const PROGRAMS: Record<string, string> = {
  'nearshore-server': 'src/server/config.ts',
  'dist/server/main.js': 'src/server/config.ts',
  bench: 'bench/run.mjs',
  'bench:sync': 'bench/sync/run.mjs',
  'test:consumers': 'scripts/test-consumers.mjs',
};

interface Named {
  readonly kind: 'script' | 'step' | 'project' | 'file' | 'flag';
  readonly name: string;
  readonly isThere: boolean;
}

function namedIn(command: string): Named[] {
  const found: Named[] = [];
  const add = (kind: Named['kind'], pattern: RegExp, isThere: (name: string) => boolean) => {
    for (const [, name] of command.matchAll(pattern))
      found.push({ kind, name: name!, isThere: isThere(name!) });
  };
  add('script', /^npm (?:run |(?=test\b))([\w:]+)/g, (name) => name in manifest.scripts);
  const steps = /^npm test -- ([\w ]+)/.exec(command)?.[1] ?? '';
  for (const [name] of steps.matchAll(/\w+/g)) {
    found.push({ kind: 'step', name, isThere: declares('scripts/test.mjs', name) });
  }
  add('project', /--project=(\w+)/g, (name) => PROJECTS.includes(name));
  add('file', /((?:\w[\w-]*\/)+[\w.-]+\.(?:mjs|ts))\b/g, isThere);
  const program = Object.keys(PROGRAMS).find((name) => new RegExp(`(^|[ /])${name}( |$)`).test(command));
  if (program !== undefined) add('flag', / --([a-z][\w-]*)/gi, (flag) => hasFlag(PROGRAMS[program]!, flag));
  return found;
}

const manifest = JSON.parse(readDoc('package.json')) as { scripts: Record<string, string> };
const PROJECTS = ['unit', 'redis', 'simulation', 'faults', 'chromium', 'firefox', 'isolated', 'webgpu'];
const declares = (file: string, key: string) => new RegExp(`^\\s+'?${key}'?: \\{`, 'm').test(readDoc(file));
const hasFlag = (file: string, flag: string) =>
  flag === 'help' || declares(file, flag) || readDoc(file).includes(`--${flag}`);

test('W4 npm scripts, steps, files and flags that the documentation names are there', () => {
  const named = commands.flatMap(({ page, command }) =>
    namedIn(command).map((found) => ({ ...found, page, command })),
  );
  expect(named.filter(({ isThere }) => !isThere)).toEqual([]);
  expect([...new Set(named.map(({ kind }) => kind))].sort()).toEqual([
    'file',
    'flag',
    'project',
    'script',
    'step',
  ]);
});

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('..', import.meta.url);
/** Those outside of `docs`. */
const PAGES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md', 'src/server/README.md'];

/** How a block is run: in a page, as the file that it is, or by a test that reads it. */
export type RunBy = 'e2e' | 'file' | 'test';

export interface DocBlock {
  /** Its page, relative to the root. */
  readonly page: string;
  /** Where it begins. */
  readonly line: number;
  readonly language: string;
  readonly by: RunBy | undefined;
  /** What the marker names: of a file or a test, its path. */
  readonly of: string;
  /** Code that is run before it, and that readers do not see: what stands in for a key, a click, a download. */
  readonly before: string;
  /** And after it. */
  readonly after: string;
  readonly source: string;
}

/** The pages of the documentation, relative to the root. */
export const docPages: readonly string[] = [
  ...PAGES,
  ...readdirSync(new URL('docs/', ROOT))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export const readDoc = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
export const pathOf = (path: string): string => fileURLToPath(new URL(path, ROOT));

const BLOCK = /(?:^<!-- (e2e|file|test): (\S+)([\s\S]*?)-->\n)?^```(\S*)\n([\s\S]*?)^```$/gm;

/**
 * The code blocks of a page. A comment before one says how it is run: `<!-- e2e: run -->`, `<!-- file: path -->` or
 * `<!-- test: path -->`. More lines in it are the hidden ones, with a line `…` where the block is.
 */
export function blocksOf(page: string): DocBlock[] {
  const text = readDoc(page);
  return [...text.matchAll(BLOCK)].map(
    ({ 1: by, 2: of = '', 3: hidden = '', 4: language, 5: source, index }) => {
      const [before, after = ''] = hidden.split('\n…\n');
      const line = text.slice(0, index).split('\n').length;
      return {
        page,
        line,
        language: language!,
        by: by as RunBy,
        of,
        before: before!,
        after,
        source: source!,
      };
    },
  );
}

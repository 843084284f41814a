import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Plugin } from 'vite';

const URL_OF_A_FILE = /\bnew URL\(\s*(['"])(\.{0,2}[\w./-]+)\1,\s*import\.meta\.url,?\s*\)/g;
const PLACEHOLDER = /__KEPT_URL_(\w+)__/g;

export interface KeepUrlsOptions {
  /** Source files that are entries of this build: absolute path → output name. */
  entries: Readonly<Record<string, string>>;
  /** Output folder of every other file that is referred to, with a slash at the end; `''`: beside the code. */
  assetFolder: (file: string) => string;
}

/**
 * Keeps `new URL('<file>', import.meta.url)` as an expression in the output, so that the bundler of whoever
 * uses the package finds workers and assets by it. Vite's library mode would make `data:` URIs of them.
 *
 * Before Vite looks, each literal becomes an identifier; when the chunk is written, the identifier becomes the
 * literal that is right for `dist/`. All chunks have to be written to one folder for that.
 */
export function keepUrls({ entries, assetFolder }: KeepUrlsOptions): Plugin {
  return {
    name: 'nearshore:keep-urls',
    apply: 'build',
    enforce: 'pre',

    transform(code, id) {
      let found = false;
      const replaced = code.replace(URL_OF_A_FILE, (_, _quote, specifier: string) => {
        found = true;
        const file = resolve(dirname(id), specifier);
        let target = entries[file];
        if (target === undefined) {
          target = assetFolder(file) + basename(file);
          this.emitFile({ type: 'asset', fileName: target, source: readFileSync(file) });
        }
        return `new URL(__KEPT_URL_${Buffer.from(`./${target}`).toString('hex')}__, import.meta.url)`;
      });
      return found ? { code: replaced, map: null } : undefined;
    },

    renderChunk(code) {
      if (!code.includes('__KEPT_URL_')) return;
      return {
        code: code.replace(PLACEHOLDER, (_, hex: string) => `'${Buffer.from(hex, 'hex')}'`),
        map: null,
      };
    },
  };
}

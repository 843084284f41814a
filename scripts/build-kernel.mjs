// @ts-check
// Compiles the SIMD kernel, src/kernel (AssemblyScript), into src/worker/compute/simd-module.ts, which is in git: the
// bytes of the WebAssembly module in base64. The same source gives the same bytes.
//
//   node scripts/build-kernel.mjs
import { writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const TARGET = new URL('../src/worker/compute/simd-module.ts', import.meta.url);

const OPTIONS = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'],
  // `abort` is all that would be imported, and nothing allocates.
  ...['--use', 'abort='],
  // Vectors cross between functions of the module, never its border.
  ...['--disableWarning', '112'],
];

/** @returns {Promise<string>} the text of simd-module.ts */
export async function compileKernel() {
  /** @type {Uint8Array | undefined} */
  let binary;
  const { error, stderr } = await asc.main(
    ['src/kernel/index.ts', '--baseDir', root, '--outFile', 'kernel.wasm', ...OPTIONS],
    {
      writeFile: (_name, contents) => {
        if (contents instanceof Uint8Array) binary = contents;
      },
    },
  );
  if (error || binary === undefined) throw new Error(`src/kernel does not compile:\n${stderr.toString()}`);
  const base64 = Buffer.from(binary).toString('base64');
  return [
    '// Written by scripts/build-kernel.mjs from src/kernel.',
    `export const SIMD_MODULE =\n  '${base64}';\n`,
  ].join('\n');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(TARGET, await compileKernel());
}

// @ts-check
// Compiles the SIMD kernel, src/kernel (AssemblyScript), into src/worker/compute/simd-module.ts, which is in git: the
// bytes of the WebAssembly module in base64. The same source gives the same bytes.
//
//   node scripts/build-kernel.mjs
import { writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TARGET = new URL('../src/worker/compute/simd-module.ts', import.meta.url);

const OPTIONS = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'],
  // `abort` is all that would be imported.
  ...['--use', 'abort='],
  // Vectors are handed between functions of the module, never across its border.
  ...['--disableWarning', '112'],
];

/**
 * @param {string} entry a file of src/kernel
 * @returns {Promise<Uint8Array<ArrayBuffer>>} the WebAssembly module
 */
export async function compileKernel(entry = 'index.ts') {
  /** @type {Uint8Array<ArrayBuffer> | undefined} */
  let binary;
  const { error, stderr } = await asc.main(
    [`src/kernel/${entry}`, '--baseDir', ROOT, '--outFile', 'kernel.wasm', ...OPTIONS],
    {
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') binary = Uint8Array.from(contents);
      },
    },
  );
  if (error || binary === undefined) throw new Error(`src/kernel does not compile:\n${stderr.toString()}`);
  return binary;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const base64 = Buffer.from(await compileKernel()).toString('base64');
  writeFileSync(
    TARGET,
    `// Written by scripts/build-kernel.mjs from src/kernel.\nexport const SIMD_MODULE =\n  '${base64}';\n`,
  );
}

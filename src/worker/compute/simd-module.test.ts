import { expect, it } from 'vitest';
import { compileKernel } from '../../../scripts/build-kernel.mjs';
import { SIMD_MODULE } from './simd-module.js';

it('K1 the SIMD module is what its source compiles to', async () => {
  const written = await compileKernel();
  expect(written.includes(`'${SIMD_MODULE}'`), 'run node scripts/build-kernel.mjs').toBe(true);
}, 60_000);

it('K1 the SIMD module is a few kilobytes, and asks for nothing', () => {
  const bytes = Uint8Array.from(atob(SIMD_MODULE), (character) => character.charCodeAt(0));
  expect(bytes.length).toBeLessThan(12_000);
  expect(WebAssembly.Module.imports(new WebAssembly.Module(bytes))).toEqual([]);
});

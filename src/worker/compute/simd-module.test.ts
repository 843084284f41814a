import { expect, it } from 'vitest';
import { compileKernel } from '../../../scripts/build-kernel.mjs';
import { SIMD_MODULE } from './simd-module.js';

it('K1 the SIMD module is what its source compiles to, small, and asks for nothing', async () => {
  const bytes = Uint8Array.from(atob(SIMD_MODULE), (character) => character.charCodeAt(0));
  expect(bytes.length).toBeLessThan(12_000);
  expect(WebAssembly.Module.imports(new WebAssembly.Module(bytes))).toEqual([]);
  const compiled = await compileKernel();
  expect(Buffer.compare(compiled, bytes), 'run node scripts/build-kernel.mjs').toBe(0);
}, 120_000);

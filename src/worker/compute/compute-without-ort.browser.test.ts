import { expect, it } from 'vitest';
import type { Degradation } from '../../shared/types.js';
import { Compute } from './compute.js';

// ONNX Runtime's WASM is not where assetBaseUrl says. A page remembers that, so nothing else is tested here.

const assetBaseUrl = new URL('/no/such/folder/', location.href).href;

it('K3 K8 where ONNX Runtime cannot load, SIMD goes on, and status and an event say why', async () => {
  for (const backend of ['auto', 'wasm'] as const) {
    const steps: Degradation[] = [];
    const compute = new Compute(
      { backend, kernel: 'onnx', assetBaseUrl },
      { onChange: () => {}, onDegraded: (step) => steps.push(step) },
    );
    await compute.load();
    expect((await compute.kernels()).name).toBe('simd');
    expect(compute.status).toMatchObject({ active: 'wasm', kernel: 'simd', state: 'ready' });
    expect(compute.status.reason).toMatch(/ONNX Runtime does not work here: ./);
    expect(steps).toEqual([
      {
        from: { backend: 'wasm', kernel: 'onnx' },
        to: { backend: 'wasm', kernel: 'simd' },
        reason: compute.status.reason,
      },
    ]);
  }
});

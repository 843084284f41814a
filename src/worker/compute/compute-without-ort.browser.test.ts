import { expect, it } from 'vitest';
import type { StoreStatus } from '../../shared/types.js';
import { Compute } from './compute.js';

// ONNX Runtime's WASM is not where assetBaseUrl says. A page remembers that, so nothing else is tested here.

const NOWHERE = new URL('/no/such/folder/', location.href).href;

it("K3 where ONNX Runtime cannot load: 'auto' answers in plain JS, 'wasm' rejects, both say why", async () => {
  const told: StoreStatus['backend'][] = [];
  const auto = new Compute('auto', NOWHERE, (status) => told.push(status));
  await auto.load();
  expect((await auto.kernels()).backend).toBe('js');
  expect(auto.status).toMatchObject({ active: 'js', requested: 'auto', state: 'unavailable' });
  expect(auto.status.reason).toMatch(/ONNX Runtime does not work here: ./);
  expect(told).toEqual([auto.status]);

  const wasm = new Compute('wasm', NOWHERE, () => {});
  for (let call = 0; call < 2; call++) {
    await expect(wasm.kernels()).rejects.toMatchObject({
      name: 'VectorStoreError',
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/backend: 'wasm'.*assetBaseUrl/s),
      cause: expect.any(Error),
    });
  }

  const js = new Compute('js', NOWHERE, () => {});
  expect((await js.kernels()).backend).toBe('js');
  expect(js.status.state).toBe('ready');
});

import { describe, expect, it } from 'vitest';
import type { StoreStatus } from '../../shared/types.js';
import { Compute } from './compute.js';
import { threadCount } from './ort.js';

// What Compute does where ONNX Runtime works. Where it does not: compute-without-ort.browser.test.ts, on a page of
// its own, since a page loads ONNX Runtime's WASM once.

const open = (requested: 'auto' | 'wasm' | 'js') => {
  const told: StoreStatus['backend'][] = [];
  return { compute: new Compute(requested, undefined, (status) => told.push(status)), told };
};

describe('Compute', () => {
  it("K3 'auto': plain JS first, ONNX Runtime once it is ready, and a change told once", async () => {
    const { compute, told } = open('auto');
    expect(compute.status).toMatchObject({ active: 'js', requested: 'auto', state: 'loading', threads: 1 });
    expect((await compute.kernels()).backend).toBe('js');
    const loading = compute.load();
    expect((await compute.kernels()).backend).toBe('js');
    await Promise.all([loading, compute.load()]);
    expect((await compute.kernels()).backend).toBe('wasm');
    expect(compute.usesOrt).toBe(true);
    expect(compute.status).toMatchObject({ active: 'wasm', state: 'ready', threads: threadCount() });
    expect(compute.status.reason).not.toBe('');
    expect(told).toEqual([compute.status]);
  });

  it("K3 'wasm': waits for ONNX Runtime", async () => {
    const { compute } = open('wasm');
    expect((await compute.kernels()).backend).toBe('wasm');
    expect(compute.status).toMatchObject({ active: 'wasm', requested: 'wasm', state: 'ready' });
  });

  it("K3 'js': never loads it", async () => {
    const { compute, told } = open('js');
    await compute.load();
    expect((await compute.kernels()).backend).toBe('js');
    expect(compute.status).toMatchObject({ active: 'js', state: 'ready', threads: 1 });
    expect(told).toEqual([]);
  });

  it("K3 'auto': where it fails at work, plain JS answers from then on, and status says why", async () => {
    const { compute, told } = open('auto');
    await compute.load();
    compute.giveUp(new Error('out of memory'));
    compute.giveUp(new Error('a second failure'));
    expect((await compute.kernels()).backend).toBe('js');
    await compute.load();
    expect((await compute.kernels()).backend).toBe('js');
    expect(compute.status).toMatchObject({ active: 'js', state: 'unavailable', threads: 1 });
    expect(compute.status.reason).toContain('out of memory');
    expect(told.map(({ active }) => active)).toEqual(['wasm', 'js']);
  });

  it("K3 'wasm': where it fails at work, calls reject with BACKEND_UNAVAILABLE and the cause", async () => {
    const { compute } = open('wasm');
    await compute.load();
    const cause = new Error('out of memory');
    compute.giveUp(cause);
    await expect(compute.kernels()).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      cause,
      message: expect.stringContaining('out of memory'),
    });
  });
});

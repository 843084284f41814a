import { expect, it } from 'vitest';
import { CONFIG, type StorageKind, uniqueStoreName } from './storage.contract.js';

/** A part of the contract of Storage. */
export function describeGpuFindings({ name, connect }: StorageKind): void {
  it(`K11 ${name} keeps what was measured on the device, and leaves the rest of the row alone`, async () => {
    const storage = connect(uniqueStoreName());
    const before = await storage.open();
    expect(before.gpu).toBeUndefined();
    await storage.createCollection(CONFIG);
    const findings = { device: 'a GPU', crossovers: { '384 cosine': 170_000, '384 l2': Infinity } };
    await storage.writeGpuFindings(findings);
    expect(await storage.readStore()).toEqual({ ...before, nextCollection: 2, gpu: findings });
    await storage.createCollection({ ...CONFIG, name: 'later' });
    expect(await storage.readStore()).toEqual({ ...before, nextCollection: 3, gpu: findings });
    const others = { device: 'another GPU', crossovers: {} };
    await storage.writeGpuFindings(others);
    expect(await storage.readStore()).toEqual({ ...before, nextCollection: 3, gpu: others });
    await storage.destroy();
  });
}

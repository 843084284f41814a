import { expect, it } from 'vitest';
import { CONFIG, type StorageKind, uniqueStoreName } from './storage.contract.js';

/** A part of the contract of Storage. */
export function describeBackupNote({ name, connect }: StorageKind): void {
  it(`S13 ${name} keeps when the last backup was made, and leaves the rest of the row alone`, async () => {
    const storage = connect(uniqueStoreName());
    const before = await storage.open();
    expect(before.lastBackup).toBeUndefined();
    await storage.createCollection(CONFIG);
    const findings = { device: 'a GPU', crossovers: {} };
    await storage.writeGpuFindings(findings);
    await storage.noteBackup(1_000);
    const row = { ...before, nextCollection: 2, gpu: findings };
    expect(await storage.readStore()).toEqual({ ...row, lastBackup: 1_000 });
    await storage.noteBackup(2_000);
    expect(await storage.readStore()).toEqual({ ...row, lastBackup: 2_000 });
    await storage.destroy();
  });
}

import { openStore } from 'nearshore';
import { idOf, metadataOf } from '../data/dataset.js';
import { median } from '../measure/statistics.js';
import { measurement, note, type RowKind } from './context.js';

const RECORDS = 20_000;
const FROM = 'bench-backup';
const TO = 'bench-restored';

/** A store as one file, and back: megabytes of the file per second. */
export const backup: RowKind = {
  name: 'backup',
  title: 'Backup of 20,000 records',
  columns: [
    { key: 'exported', title: 'exportBlob, MB', unit: 'per second' },
    { key: 'imported', title: 'import of the Blob, MB', unit: 'per second' },
    { key: 'fileBytes', title: 'file', unit: 'bytes' },
  ],
  principal: 'exported',
  needs: 'stored',
  async measure({ data, params, log }) {
    if (!params.peers.includes('nearshore')) return [];
    const result = measurement('backup', { name: 'nearshore' });
    const { dimension, extra } = data;
    const vectors = new Float32Array(RECORDS * dimension);
    for (let row = 0; row < RECORDS; row++) vectors.set(extra[row % extra.length]!, row * dimension);
    const ids = Array.from({ length: RECORDS }, (_, row) => idOf(row));
    const metadata = ids.map((_, row) => metadataOf(row));
    const store = await openStore(FROM, { backend: 'wasm' });
    const rows = await store.collection('rows', { dimension });
    await rows.upsert({ ids, vectors, metadata });
    const exported: number[] = [];
    const imported: number[] = [];
    let fileBytes = 0;
    for (let round = 0; round < params.rounds; round++) {
      log(`  nearshore: backup ${round + 1} of ${params.rounds}`);
      const start = performance.now();
      const file = await store.exportBlob();
      const made = performance.now();
      const copy = await openStore(TO, { backend: 'wasm' });
      const opened = performance.now();
      const counts = await copy.import(file);
      const ended = performance.now();
      await copy.destroy();
      fileBytes = file.size;
      // Bytes per ms are kB per s.
      exported.push(fileBytes / (made - start) / 1_000);
      imported.push(fileBytes / (ended - opened) / 1_000);
      if (counts.imported !== RECORDS) note(result, `${counts.imported} records imported`);
    }
    await store.destroy();
    result.values = { exported: median(exported), imported: median(imported), fileBytes };
    return [result];
  },
};

import type { Operation, WithVector } from '../../src/shared/sync/protocol.js';
import { uniform } from '../data/random.js';
import { DIMENSION } from './figure.js';

export type Upsert = WithVector<Operation> & { readonly kind: 'upsert'; readonly vector: Float32Array };

/** Stamps rise with the number; the server takes them, for they are of 1970. */
export const stampOf = (number: number) =>
  `${(number + 1).toString(16).padStart(12, '0')}0000${'1'.padStart(16, '0')}`;

/** With vectors that nothing searches, and some 60 bytes of metadata. */
export function makeRecords(count: number): Upsert[] {
  const random = uniform(count);
  const all = new Float32Array(count * DIMENSION).map(() => random() - 0.5);
  return Array.from({ length: count }, (_, i) => ({
    kind: 'upsert',
    id: `record-${i}`,
    stamp: stampOf(i),
    base: '',
    metadata: JSON.stringify({ lang: 'en', year: 1900 + (i % 100), title: `Title number ${i}` }),
    vector: all.subarray(i * DIMENSION, (i + 1) * DIMENSION),
  }));
}

import { VectorStoreError } from '../../shared/errors.js';

/** Another collection has taken this one's place: calls that do not depend on vectors are put to that one. */
export class Superseded extends VectorStoreError {
  constructor(name: string) {
    super(
      'CONFIG_MISMATCH',
      `Collection "${name}" has been embedded anew since this handle was opened, with another model. Vectors of two models cannot be compared, so nothing was done. ` +
        'Open it again with store.collection() and the new embedder, or call reembed() with that.',
    );
  }
}

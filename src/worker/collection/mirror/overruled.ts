import type { Entry, WithVector } from '../../../shared/sync/protocol.js';
import type { Applied } from '../../sync/mirror.js';
import type { Snapshot } from '../snapshot.js';
import { type Local, readEntries } from './local.js';

/** Local writes that others have overruled, to be told with their contents. */
export class Overruled {
  readonly #lost: { local: Local; remote: WithVector<Entry> | undefined }[] = [];
  readonly #conflicts: { local: Local; remote: WithVector<Entry> }[] = [];

  /** @param remote what won; undefined, or a delete: the record is gone */
  lost(local: Local, remote: WithVector<Entry> | undefined): void {
    this.#lost.push({ local, remote: remote?.kind === 'delete' ? undefined : remote });
  }

  conflict(local: Local, remote: WithVector<Entry>): void {
    this.#conflicts.push({ local, remote });
  }

  /** @param snapshot in which they still are */
  async read(snapshot: Snapshot): Promise<Applied> {
    const locals = [...this.#lost, ...this.#conflicts].map(({ local }) => local);
    const entries = await readEntries(snapshot, locals);
    const contested = entries.splice(this.#lost.length);
    return {
      lost: entries.map((local, i) => ({ local, remote: this.#lost[i]!.remote })),
      conflicts: contested.map((local, i) => ({ local, remote: this.#conflicts[i]!.remote })),
    };
  }
}

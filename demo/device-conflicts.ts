import type { Resolution, StoredRecord, SyncConflict } from 'nearshore';
import { button, byId, element } from './dom.js';
import { lostInWords } from './sync-words.js';

/** Asks which text stays where both devices have changed a note. */
export class DeviceConflicts {
  readonly #list = byId('conflicts', HTMLOListElement);
  /** Ids of notes of which theirs was chosen: that the own edit is lost is no news. */
  readonly #given = new Set<string>();

  /** As `onConflict` of a sync. */
  readonly settle = (conflict: SyncConflict): Promise<Resolution> | undefined => {
    if (!conflict.lost) return this.#ask(conflict);
    if (this.#given.delete(conflict.id)) return undefined;
    this.#list.prepend(element('li', '', element('p', '', lostInWords(conflict))));
    return undefined;
  };

  #ask({ id, local, remote }: SyncConflict): Promise<Resolution> {
    return new Promise((resolve) => {
      const choice = (label: string, resolution: 'local' | 'remote') =>
        button('quiet', label, () => {
          item.remove();
          if (resolution === 'remote') this.#given.add(id);
          resolve(resolution);
        });
      const item = element(
        'li',
        '',
        element('p', '', 'Both devices have changed this note. Which one stays?'),
        choice(`Mine: ${textOf(local)}`, 'local'),
        choice(`Theirs: ${textOf(remote)}`, 'remote'),
      );
      this.#list.prepend(item);
    });
  }
}

const textOf = (record: StoredRecord | undefined) => (record === undefined ? 'deleted' : `“${record.text}”`);

import type { Resolution, StoredRecord, SyncConflict } from 'nearshore';
import { button, byId, element } from './dom.js';
import { lostInWords } from './sync-words.js';

/** Asks which text stays where both devices have changed a note. */
export class DeviceConflicts {
  readonly #list = byId('conflicts', HTMLOListElement);

  /** As `onConflict` of a sync. */
  readonly settle = (conflict: SyncConflict): Promise<Resolution> | undefined => {
    if (!conflict.lost) return this.#ask(conflict);
    this.#list.prepend(element('li', '', element('p', '', lostInWords(conflict))));
    return undefined;
  };

  #ask({ local, remote }: SyncConflict): Promise<Resolution> {
    return new Promise((resolve) => {
      const choice = (label: string, resolution: 'local' | 'remote') =>
        button('quiet', label, () => {
          item.remove();
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

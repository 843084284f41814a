import type { StoredRecord } from 'nearshore';
import { VectorStoreError } from 'nearshore';
import { button, byId, element } from './dom.js';
import type { Notes } from './notes.js';

/** Notes that are edited where they stand. */
export class DeviceNotes {
  readonly #form = byId('note-form', HTMLFormElement);
  readonly #input = byId('note-text', HTMLInputElement);
  readonly #problem = byId('note-problem', HTMLParagraphElement);
  readonly #list = byId('device-notes', HTMLUListElement);
  readonly #items = new Map<string, { item: HTMLLIElement; input: HTMLInputElement }>();

  constructor(private readonly notes: Notes) {
    this.#form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const text = this.#input.value.trim();
      if (text !== '' && (await this.#try(() => this.notes.add(text)))) this.#input.value = '';
    });
    byId('note-add', HTMLButtonElement).disabled = false;
  }

  async refresh(): Promise<void> {
    const records = await this.notes.list();
    const there = new Set(records.map(({ id }) => id));
    for (const [id, { item }] of this.#items) {
      if (there.has(id)) continue;
      item.remove();
      this.#items.delete(id);
    }
    for (const [i, record] of records.entries()) {
      const { item, input } = this.#items.get(record.id) ?? this.#add(record);
      // What somebody is typing is theirs until they leave it.
      if (document.activeElement !== input) input.value = record.text ?? '';
      if (this.#list.children[i] !== item) this.#list.insertBefore(item, this.#list.children[i] ?? null);
    }
  }

  #add({ id, text = '' }: StoredRecord) {
    const input = element('input', '');
    input.setAttribute('aria-label', 'Note');
    input.maxLength = 2000;
    input.value = text;
    input.addEventListener('change', () => {
      const edited = input.value.trim();
      void this.#try(() => (edited === '' ? this.notes.delete(id) : this.notes.write(id, edited)));
    });
    const remove = button('remove', '×', () => void this.#try(() => this.notes.delete(id)));
    remove.setAttribute('aria-label', `Delete the note: ${text}`);
    const added = { item: element('li', '', input, remove), input };
    this.#items.set(id, added);
    return added;
  }

  /** False: refused, and the reason is shown. */
  async #try(write: () => Promise<void>): Promise<boolean> {
    try {
      await write();
      this.#problem.hidden = true;
      return true;
    } catch (error) {
      const problem = error instanceof VectorStoreError ? error.problems?.[0]?.message : undefined;
      this.#problem.textContent = problem ?? String(error);
      this.#problem.hidden = false;
      return false;
    }
  }
}

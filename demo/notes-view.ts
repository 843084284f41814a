import { VectorStoreError } from 'nearshore';
import { button, byId, element } from './dom.js';
import type { Notes } from './notes.js';

/** The box for a new note, and the list of those there are. */
export class NotesView {
  readonly #form = byId('note-form', HTMLFormElement);
  readonly #input = byId('note-text', HTMLInputElement);
  readonly #problem = byId('note-problem', HTMLParagraphElement);
  readonly #list = byId('note-list', HTMLUListElement);

  /** @param onError what is not about the note's own text */
  constructor(
    private readonly notes: Notes,
    private readonly onError: (error: unknown, retry: () => void) => void,
  ) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#add();
    });
    this.#input.addEventListener('input', () => {
      this.#problem.hidden = true;
    });
    byId('note-add', HTMLButtonElement).disabled = false;
  }

  async refresh(): Promise<void> {
    try {
      const notes = await this.notes.list();
      this.#list.replaceChildren(
        ...notes.map(({ id, text = '' }) => {
          const remove = button('quiet', 'Delete', () => void this.#delete(id));
          remove.setAttribute('aria-label', `Delete the note: ${text}`);
          return element('li', '', element('p', '', text), remove);
        }),
      );
    } catch (error) {
      this.onError(error, () => void this.refresh());
    }
  }

  async #add(): Promise<void> {
    const text = this.#input.value.trim();
    if (text === '') return;
    try {
      await this.notes.add(text);
      this.#input.value = '';
    } catch (error) {
      if (!(error instanceof VectorStoreError) || error.code !== 'INVALID_ARGUMENT') {
        return this.onError(error, () => void this.#add());
      }
      this.#problem.textContent = error.problems?.[0]?.message ?? error.message;
      this.#problem.hidden = false;
    }
  }

  async #delete(id: string): Promise<void> {
    try {
      await this.notes.delete(id);
      this.#input.focus();
    } catch (error) {
      this.onError(error, () => void this.#delete(id));
    }
  }
}

import type { VectorStore } from 'nearshore';
import { byId } from '../dom.js';
import { formatCount } from '../format.js';
import { type Fields, guessFields } from './fields.js';
import { OwnRecords } from './own-records.js';
import { OwnSearch } from './own-search.js';
import sample from './sample.csv?raw';
import { readFile, readText, type Table, UnusableData } from './table.js';

/** The page on which own data is read, its columns chosen, imported and searched. */
export class DataPage {
  readonly #records: OwnRecords;
  readonly #search: OwnSearch;
  readonly #drop = byId('data-drop', HTMLFormElement);
  readonly #paste = byId('data-paste', HTMLTextAreaElement);
  readonly #file = byId('data-file', HTMLInputElement);
  readonly #problem = byId('data-problem', HTMLParagraphElement);
  readonly #choice = byId('data-choice', HTMLFormElement);
  readonly #found = byId('data-found', HTMLParagraphElement);
  readonly #text = byId('data-text-field', HTMLSelectElement);
  readonly #title = byId('data-title-field', HTMLSelectElement);
  readonly #progress = byId('data-progress', HTMLDivElement);
  readonly #bar = byId('data-bar', HTMLProgressElement);
  readonly #state = byId('data-state', HTMLParagraphElement);
  #table: Table | undefined;
  #running: AbortController | undefined;

  constructor(
    store: VectorStore,
    private readonly onError: (error: unknown, retry: () => void) => void,
  ) {
    this.#records = new OwnRecords(store);
    this.#search = new OwnSearch(this.#records, onError);
    this.#drop.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#read('What you pasted', () => readText(this.#paste.value));
    });
    byId('data-sample', HTMLButtonElement).addEventListener('click', () => {
      void this.#read('The sample', () => readText(sample));
    });
    this.#file.addEventListener('change', () => this.#readFile(this.#file.files?.[0]));
    this.#acceptDrops();
    this.#choice.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#import({ text: this.#text.value, title: this.#title.value });
    });
    byId('data-cancel', HTMLButtonElement).addEventListener('click', () => this.#running?.abort());
    byId('data-clear', HTMLButtonElement).addEventListener('click', () => void this.#clear());
  }

  /** Shows what an earlier visit has left. */
  refresh(): Promise<void> {
    return this.#search.refresh();
  }

  #acceptDrops(): void {
    const hover = (isOver: boolean) => this.#drop.classList.toggle('over', isOver);
    for (const type of ['dragenter', 'dragover']) {
      this.#drop.addEventListener(type, (event) => {
        event.preventDefault();
        hover(true);
      });
    }
    this.#drop.addEventListener('dragleave', () => hover(false));
    this.#drop.addEventListener('drop', (event) => {
      event.preventDefault();
      hover(false);
      this.#readFile(event.dataTransfer?.files[0]);
    });
  }

  #readFile(file: File | undefined): void {
    if (file !== undefined) void this.#read(file.name, () => readFile(file));
    // The same file may be chosen again.
    this.#file.value = '';
  }

  async #read(source: string, read: () => Promise<Table>): Promise<void> {
    this.#problem.hidden = true;
    this.#choice.hidden = true;
    try {
      const table = await read();
      const guess = guessFields(table);
      this.#table = table;
      this.#found.textContent = `${source}: ${formatCount(table.rows.length)} rows, ${table.columns.length} ${table.columns.length === 1 ? 'column' : 'columns'}.`;
      fillOptions(this.#text, table.columns, guess.text);
      fillOptions(this.#title, table.columns, guess.title);
      this.#choice.hidden = false;
      byId('data-import', HTMLButtonElement).focus();
    } catch (error) {
      if (!(error instanceof UnusableData)) return this.onError(error, () => void this.#read(source, read));
      this.#problem.textContent = error.message;
      this.#problem.hidden = false;
    }
  }

  async #import(fields: Fields): Promise<void> {
    const table = this.#table;
    if (table === undefined || this.#running !== undefined) return;
    const running = new AbortController();
    this.#running = running;
    this.#choice.hidden = true;
    this.#progress.hidden = false;
    this.#bar.max = table.rows.length;
    this.#bar.value = 0;
    let end = '';
    try {
      await this.#records.import(table, fields, {
        signal: running.signal,
        onProgress: ({ done, total, leftOut }) => {
          this.#bar.value = done;
          const rest =
            leftOut === 0
              ? ''
              : `; ${formatCount(leftOut)} left out, whose text has no word that the embedder knows`;
          end = `${formatCount(done)} of ${formatCount(total)} rows read${rest}.`;
          this.#state.textContent = end;
        },
      });
    } catch (error) {
      if (running.signal.aborted) end = `Cancelled. ${end}`;
      else this.onError(error, () => void this.#import(fields));
    } finally {
      this.#running = undefined;
      this.#progress.hidden = true;
    }
    await this.#search.refresh(end);
    this.#search.focus();
  }

  async #clear(): Promise<void> {
    try {
      await this.#records.clear();
      await this.#search.refresh();
      this.#paste.focus();
    } catch (error) {
      this.onError(error, () => void this.#clear());
    }
  }
}

function fillOptions(select: HTMLSelectElement, columns: readonly string[], chosen: string): void {
  select.replaceChildren(...columns.map((name) => new Option(name, name, name === chosen, name === chosen)));
}

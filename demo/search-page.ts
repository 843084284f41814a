import { VectorStoreError } from 'nearshore';
import { coalesced } from './coalesced.js';
import { byId } from './dom.js';
import { FiltersView } from './filters-view.js';
import { useKeyboard } from './keyboard.js';
import { LatestSearch } from './latest-search.js';
import { ResultsView } from './results-view.js';
import type { Words } from './words.js';

/** The search box with its chips and results. The question is in the address too, so that it outlives a reload. */
export class SearchPage {
  readonly #input = byId('query', HTMLInputElement);
  readonly #clear = byId('clear', HTMLButtonElement);
  readonly #filters = new FiltersView(() => void this.search());
  readonly #results = new ResultsView((text) => this.#askFor(text));
  #search: LatestSearch | undefined;

  constructor(private readonly onError: (error: unknown, retry: () => void) => void) {
    this.#input.value = new URLSearchParams(location.hash.slice(1)).get('q') ?? '';
    this.#input.addEventListener('input', () => void this.search());
    this.#clear.addEventListener('click', () => this.#askFor(''));
    useKeyboard(
      this.#input,
      () => this.#results.items,
      () => this.#askFor(''),
    );
    byId('search', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.search();
    });
    this.#showQuestion();
  }

  /** From now on questions are answered; resolves when one that was typed before has its answer. */
  async useWords(words: Words): Promise<void> {
    this.#search = new LatestSearch(words);
    await this.search();
  }

  /** Asks again, after the records have changed. Changes that come faster than answers hold no answer up. */
  readonly refresh = coalesced(() => this.search());

  /** Asks what is in the box. */
  async search(): Promise<void> {
    this.#showQuestion();
    const text = this.#input.value.trim();
    if (text === '') {
      this.#search?.forget();
      this.#results.showNothing();
      return;
    }
    try {
      const answer = await this.#search?.ask({ text, pos: this.#filters.pos });
      if (answer !== undefined) this.#results.show(answer);
    } catch (error) {
      // It knows no word of the text, as while a word is being typed.
      const isUnknown = error instanceof VectorStoreError && error.code === 'INVALID_ARGUMENT';
      if (isUnknown) this.#results.showNothing('The embedder knows no word of this yet. Go on, or try:');
      else this.onError(error, () => void this.search());
    }
  }

  #askFor(text: string): void {
    this.#input.value = text;
    this.#input.focus();
    void this.search();
  }

  #showQuestion(): void {
    const text = this.#input.value.trim();
    this.#clear.hidden = this.#input.value === '';
    const hash = text === '' ? '' : `#${new URLSearchParams({ q: text })}`;
    if (hash !== location.hash)
      history.replaceState(null, '', `${location.pathname}${location.search}${hash}`);
  }
}

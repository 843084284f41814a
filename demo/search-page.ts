import { VectorStoreError } from 'nearshore';
import { addressed, changeAddress } from './address.js';
import { coalesced } from './coalesced.js';
import { ComparePanel } from './compare-panel.js';
import { byId } from './dom.js';
import { FiltersView } from './filters-view.js';
import { FIRST_ANSWERS } from './first-answers.js';
import { useKeyboard } from './keyboard.js';
import { LatestSearch, type Question } from './latest-search.js';
import { MapPanel } from './map-panel.js';
import { ResultsView } from './results-view.js';
import { ViewSwitch } from './view-switch.js';
import type { Words } from './words.js';

/** The search box with its chips, results and map. The question is in the address too. */
export class SearchPage {
  readonly #input = byId('query', HTMLInputElement);
  readonly #clear = byId('clear', HTMLButtonElement);
  readonly #filters = new FiltersView(() => void this.search());
  readonly #results = new ResultsView(
    (text) => this.#askFor(text),
    (id, title) => this.#askFor(title, id),
  );
  readonly #map: MapPanel;
  readonly #compare: ComparePanel;
  #likeId = addressed('like');
  #search: LatestSearch | undefined;
  #countChips: (() => Promise<void>) | undefined;

  constructor(private readonly onError: (error: unknown, retry: () => void) => void) {
    this.#map = new MapPanel((id, title) => this.#askFor(title, id, false), onError);
    this.#compare = new ComparePanel((id, title) => this.#askFor(title, id, false), onError);
    new ViewSwitch(() => {
      void this.#map.update();
      void this.#compare.update();
    });
    this.#input.value = addressed('q') ?? '';
    this.#input.addEventListener('input', () => {
      this.#likeId = undefined;
      void this.search();
    });
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
    void this.search();
  }

  /** From now on questions are answered; resolves when one that was typed before has its answer. */
  async useWords(words: Words): Promise<void> {
    this.#search = new LatestSearch(words);
    this.#map.useWords(words);
    this.#compare.useWords(words);
    this.#countChips = this.#filters.counting(words);
    await this.search();
    await this.#countChips();
  }

  /** Asks again, after the records have changed. Changes that come faster than answers hold no answer up. */
  readonly refresh = coalesced(async () => {
    await this.search();
    await this.#countChips?.();
  });

  recolour(): void {
    this.#map.recolour();
  }

  /** Asks what is in the box. */
  async search(): Promise<void> {
    this.#showQuestion();
    const text = this.#input.value.trim();
    if (text === '') {
      this.#search?.forget();
      this.#results.showNothing();
      this.#showBeside(undefined);
      return;
    }
    const question: Question = { text, likeId: this.#likeId, pos: this.#filters.pos };
    if (this.#search === undefined) this.#showFirst(question);
    try {
      const answer = await this.#search?.ask(question);
      if (answer === undefined) return;
      this.#results.show(answer);
      this.#showBeside(answer.matches.length === 0 ? undefined : question);
    } catch (error) {
      // It knows no word of the text, as while a word is being typed.
      const isUnknown = error instanceof VectorStoreError && error.code === 'INVALID_ARGUMENT';
      if (!isUnknown) return this.onError(error, () => void this.search());
      this.#results.showNothing(
        question.likeId === undefined
          ? 'The embedder knows no word of this yet. Go on, or try:'
          : 'This entry has not arrived yet. Meanwhile:',
      );
      this.#map.follow(undefined);
      // The words alone may find something.
      this.#compare.follow(question.likeId === undefined ? question : undefined);
    }
  }

  #showBeside(question: Question | undefined): void {
    this.#map.follow(question);
    this.#compare.follow(question);
  }

  /** Before the store is open: an example has its answer from the build. */
  #showFirst({ text, pos }: Question): void {
    const first = pos === undefined ? FIRST_ANSWERS.find(({ question }) => question === text) : undefined;
    if (first !== undefined) this.#results.showFirst(first);
  }

  #askFor(text: string, likeId?: string, takesFocus = true): void {
    this.#input.value = text;
    this.#likeId = likeId;
    if (takesFocus) this.#input.focus();
    void this.search();
  }

  #showQuestion(): void {
    const text = this.#input.value.trim();
    this.#clear.hidden = this.#input.value === '';
    this.#input.classList.toggle('is-entry', this.#likeId !== undefined);
    changeAddress({ q: text === '' ? undefined : text, like: text === '' ? undefined : this.#likeId });
  }
}

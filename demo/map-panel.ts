import { byId } from './dom.js';
import { LatestSearch, type Question } from './latest-search.js';
import type { MapView } from './map/map-view.js';
import type { Words } from './words.js';

/** How many words the map shows: the ten found and their neighbourhood. */
const PLACES = 150;
/** The map follows once typing has paused. */
const FOLLOW_AFTER_MS = 250;

/** The map beside the list. Its plot is loaded when there is something to show in it. */
export class MapPanel {
  readonly #section = byId('map', HTMLElement);
  #search: LatestSearch | undefined;
  #view: Promise<MapView> | undefined;
  #question: Question | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly onPick: (id: string, label: string) => void,
    private readonly onError: (error: unknown, retry: () => void) => void,
  ) {}

  useWords(words: Words): void {
    this.#search = new LatestSearch(words, { topK: PLACES, includeVectors: true });
  }

  /** Shows the neighbourhood of this question's answer; of none, nothing. */
  follow(question: Question | undefined): void {
    this.#question = question;
    this.#search?.forget();
    clearTimeout(this.#timer);
    this.#section.hidden = question === undefined;
    if (question !== undefined) this.#timer = setTimeout(() => void this.update(), FOLLOW_AFTER_MS);
  }

  /** Draws now, if the map can be seen: on a phone it is a view of its own. */
  async update(): Promise<void> {
    const question = this.#question;
    if (question === undefined || this.#section.offsetParent === null) return;
    try {
      const answer = await this.#search?.ask(question);
      if (answer === undefined || answer.matches.length === 0) return;
      this.#view ??= import('./map/map-view.js').then(({ MapView }) => new MapView(this.onPick));
      const view = await this.#view;
      if (question === this.#question) view.show(answer);
    } catch (error) {
      this.#view = undefined;
      this.onError(error, () => void this.update());
    }
  }

  recolour(): void {
    void this.#view?.then((view) => view.recolour());
  }
}

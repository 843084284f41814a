import { type Match, VectorStoreError } from 'nearshore';
import { byId, element } from '../dom.js';
import { formatCount, formatMilliseconds, formatScore } from '../format.js';
import type { OwnRecords, OwnRow } from './own-records.js';

/** The search box over own data, shown once there is any. */
export class OwnSearch {
  readonly #section = byId('own', HTMLElement);
  readonly #input = byId('own-query', HTMLInputElement);
  readonly #state = byId('own-state', HTMLParagraphElement);
  readonly #receipt = byId('own-receipt', HTMLParagraphElement);
  readonly #results = byId('own-results', HTMLOListElement);
  #current: AbortController | undefined;

  constructor(
    private readonly records: OwnRecords,
    private readonly onError: (error: unknown, retry: () => void) => void,
  ) {
    this.#input.addEventListener('input', () => void this.#search());
    byId('own-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#search();
    });
  }

  /** After the records have changed; `note` tells how. */
  async refresh(note = ''): Promise<void> {
    try {
      const count = await this.records.count();
      this.#section.hidden = count === 0;
      this.#state.textContent = note || `${formatCount(count)} rows of your own are kept in this browser.`;
      await this.#search();
    } catch (error) {
      this.onError(error, () => void this.refresh(note));
    }
  }

  focus(): void {
    if (!this.#section.hidden) this.#input.focus();
  }

  async #search(): Promise<void> {
    this.#current?.abort();
    const text = this.#input.value.trim();
    if (text === '') return this.#showNothing('');
    const current = new AbortController();
    this.#current = current;
    try {
      const { matches, receipt } = await this.records.search(text, current.signal);
      if (current.signal.aborted) return;
      this.#results.replaceChildren(...matches.map(itemOf));
      this.#receipt.textContent = `${matches.length} nearest of ${formatCount(receipt.scanned)}, in ${formatMilliseconds(receipt.elapsedMs)}`;
    } catch (error) {
      if (current.signal.aborted) return;
      if (!(error instanceof VectorStoreError) || error.code !== 'INVALID_ARGUMENT') {
        return this.onError(error, () => void this.#search());
      }
      this.#showNothing('The embedder knows no word of this yet.');
    }
  }

  #showNothing(why: string): void {
    this.#results.replaceChildren();
    this.#receipt.textContent = why;
  }
}

function itemOf({ score, text = '', metadata }: Match<OwnRow>): HTMLLIElement {
  const { title = '', more = [] } = metadata ?? {};
  const item = element('li', 'result');
  item.style.setProperty('--score', String(Math.max(0, score)));
  item.append(
    element('p', 'title', element('span', 'word', title || text)),
    element('p', 'score', formatScore(score)),
  );
  if (title !== '' && title !== text) item.append(element('p', 'gloss', text));
  if (more.length > 0) item.append(element('p', 'more', more.join(' · ')));
  return item;
}

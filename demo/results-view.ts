import type { Match } from 'nearshore';
import { button, byId, element } from './dom.js';
import { formatCount, formatMilliseconds, formatScore } from './format.js';
import type { Answer } from './latest-search.js';
import type { Entry } from './words.js';

/** A screen reader hears the count once typing has paused. */
const ANNOUNCE_AFTER_MS = 600;

const EXAMPLES = [
  'fear of spiders',
  'extremely cold',
  'someone who makes clothes',
  'lasting a very short time',
  'speak very softly',
  'killing of a king',
];

export class ResultsView {
  readonly #list = byId('results', HTMLOListElement);
  readonly #receipt = byId('receipt', HTMLParagraphElement);
  readonly #empty = byId('empty', HTMLDivElement);
  readonly #emptyText = byId('empty-text', HTMLParagraphElement);
  readonly #live = byId('live', HTMLParagraphElement);
  readonly #invitation = this.#emptyText.textContent;
  #announcement: ReturnType<typeof setTimeout> | undefined;

  constructor(onExample: (text: string) => void) {
    const examples = EXAMPLES.map((text) =>
      element(
        'li',
        '',
        button('', text, () => onExample(text)),
      ),
    );
    byId('examples', HTMLUListElement).append(...examples);
  }

  get items(): HTMLElement[] {
    return [...this.#list.children] as HTMLElement[];
  }

  /** No question, or none that can be answered: `why` says so. */
  showNothing(why: string = this.#invitation): void {
    this.#list.replaceChildren();
    this.#receipt.hidden = true;
    this.#emptyText.textContent = why;
    this.#empty.hidden = false;
    this.#announce(why === this.#invitation ? '' : why);
  }

  show({ matches, receipt, question, elapsedMs }: Answer): void {
    if (matches.length === 0) {
      this.showNothing(
        question.pos === 'note'
          ? 'There is no note yet. Add one below, and it is found by its meaning.'
          : 'There is nothing here yet. The dictionary is still on its way. Meanwhile:',
      );
    } else {
      this.#showMatches(matches);
      this.#announce(`${matches.length} found. The first: ${titleOf(matches[0]!)}.`);
    }
    this.#receipt.replaceChildren(
      element('span', 'scanned', `${matches.length} nearest of ${formatCount(receipt.scanned)}`),
      element('span', 'backend', receipt.backend),
      element('span', 'elapsed', formatMilliseconds(receipt.elapsedMs)),
    );
    this.#receipt.title = `${formatMilliseconds(receipt.elapsedMs)} in the worker, ${formatMilliseconds(elapsedMs)} until the page had the answer`;
    this.#receipt.hidden = false;
  }

  #showMatches(matches: readonly Match<Entry>[]): void {
    const items = matches.map((match) => itemOf(match));
    // An answer that comes again, while the import goes on, leaves the focus where it was.
    const focused = this.items.indexOf(document.activeElement as HTMLElement);
    this.#list.replaceChildren(...items);
    if (focused !== -1) items[Math.min(focused, items.length - 1)]!.focus();
    this.#empty.hidden = true;
  }

  #announce(text: string): void {
    clearTimeout(this.#announcement);
    this.#announcement = setTimeout(() => {
      this.#live.textContent = text;
    }, ANNOUNCE_AFTER_MS);
  }
}

function itemOf(match: Match<Entry>): HTMLLIElement {
  const { id, score, text = '', metadata } = match;
  const { words, pos } = metadata ?? { words: [], pos: 'note' };
  const [word, ...others] = words;
  const item = element('li', 'result');
  item.tabIndex = -1;
  item.dataset.id = id;
  item.dataset.pos = pos;
  // The line below each result is as long as its score.
  item.style.setProperty('--score', String(Math.max(0, score)));
  const title = element('p', 'title', element('span', 'word', word ?? text));
  if (others.length > 0) title.append(' ', element('span', 'others', others.join(', ')));
  const gloss = element('p', 'gloss', element('span', 'pos', pos));
  if (word !== undefined) gloss.append(' ', text);
  item.append(title, element('p', 'score', formatScore(score)), gloss);
  return item;
}

function titleOf({ metadata, text = '' }: Match<Entry>): string {
  return metadata?.words[0] ?? text;
}

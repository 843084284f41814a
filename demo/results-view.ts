import { button, byId, element } from './dom.js';
import { FIRST_ANSWERS, type FirstAnswer, type Shown } from './first-answers.js';
import { formatCount, formatMilliseconds, formatScore, formatSeconds } from './format.js';
import type { Answer } from './latest-search.js';

/** A screen reader hears the count once typing has paused. */
const ANNOUNCE_AFTER_MS = 600;

export class ResultsView {
  readonly #list = byId('results', HTMLOListElement);
  readonly #receipt = byId('receipt', HTMLParagraphElement);
  readonly #empty = byId('empty', HTMLDivElement);
  readonly #emptyText = byId('empty-text', HTMLParagraphElement);
  readonly #live = byId('live', HTMLParagraphElement);
  readonly #invitation = this.#emptyText.textContent;
  #announcement: ReturnType<typeof setTimeout> | undefined;

  /** @param onLike the entry's neighbours are asked for */
  constructor(
    onExample: (text: string) => void,
    private readonly onLike: (id: string, title: string) => void,
  ) {
    byId('examples', HTMLUListElement).append(...FIRST_ANSWERS.map((answer) => exampleOf(answer, onExample)));
    performance.mark('first-answers');
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

  /** What was found when the page was built, until the store can answer. */
  showFirst({ matches }: FirstAnswer): void {
    this.#showMatches(matches);
    const sinceStart = performance.now();
    this.#receipt.replaceChildren(
      element(
        'span',
        'scanned',
        'Found when this page was built; this browser is getting ready to ask again',
      ),
      element('span', 'elapsed', `${formatSeconds(sinceStart)} after opening`),
    );
    this.#receipt.hidden = false;
  }

  #showMatches(matches: readonly Shown[]): void {
    const items = matches.map((match) => this.#itemOf(match));
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

  #itemOf({ id, score, text = '', metadata }: Shown): HTMLLIElement {
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
    const ask = () => this.onLike(id, word ?? text);
    const like = button('like', 'what is near', ask);
    like.setAttribute('aria-label', `What is near ${word ?? text}`);
    like.tabIndex = -1;
    item.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && event.target === item) ask();
    });
    item.append(title, element('p', 'score', formatScore(score)), gloss, like);
    return item;
  }
}

function exampleOf({ question, matches }: FirstAnswer, onExample: (text: string) => void): HTMLLIElement {
  const example = button('', '', () => onExample(question));
  example.append(element('span', 'asked', question), ' ', element('span', 'answered', titleOf(matches[0]!)));
  return element('li', '', example);
}

function titleOf({ metadata, text = '' }: Shown): string {
  return metadata?.words[0] ?? text;
}

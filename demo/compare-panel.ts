import { type Match, type QueryResult, VectorStoreError } from 'nearshore';
import { button, byId, element } from './dom.js';
import { formatCount, formatMilliseconds } from './format.js';
import type { Question } from './latest-search.js';
import type { Entry, Words } from './words.js';

type Way = 'keyword' | 'vector' | 'hybrid';

const WAYS: readonly Way[] = ['keyword', 'vector', 'hybrid'];

/** Keyword, vector and hybrid search beside one another; on a phone one of them, chosen by a tab. */
export class ComparePanel {
  readonly #section = byId('compare', HTMLElement);
  readonly #tabs = [...this.#section.querySelectorAll<HTMLButtonElement>('[data-way]')];
  #words: Words | undefined;
  #question: Question | undefined;
  #current: AbortController | undefined;

  constructor(
    private readonly onPick: (id: string, title: string) => void,
    private readonly onError: (error: unknown, retry: () => void) => void,
  ) {
    for (const tab of this.#tabs) tab.addEventListener('click', () => this.#choose(tab.dataset.way!));
    this.#choose('hybrid');
  }

  useWords(words: Words): void {
    this.#words = words;
  }

  /** Answers this question in all ways, while the panel can be seen. */
  follow(question: Question | undefined): void {
    this.#question = question;
    this.#current?.abort();
    this.#section.hidden = question === undefined;
    void this.update();
  }

  async update(): Promise<void> {
    const question = this.#question;
    const words = this.#words;
    if (question === undefined || words === undefined || this.#section.offsetParent === null) return;
    this.#current?.abort();
    const { signal } = (this.#current = new AbortController());
    try {
      const answers = new Map<Way, QueryResult<Entry> | undefined>();
      // One after the other, so that each has its own time.
      for (const way of WAYS) answers.set(way, await ask(words, question, way, signal));
      if (!signal.aborted) for (const way of WAYS) this.#show(way, answers);
    } catch (error) {
      if (!signal.aborted) this.onError(error, () => void this.update());
    }
  }

  #show(way: Way, answers: ReadonlyMap<Way, QueryResult<Entry> | undefined>): void {
    const answer = answers.get(way);
    const others = WAYS.filter((other) => other !== way && way === 'hybrid');
    const ranks = new Map(
      others.map((other) => [other, new Map(answers.get(other)?.matches.map(({ id }, i) => [id, i + 1]))]),
    );
    byId(`${way}-receipt`, HTMLParagraphElement).textContent = receiptOf(answer);
    byId(`${way}-list`, HTMLOListElement).replaceChildren(
      ...(answer?.matches ?? []).map((match) => {
        const found = [...ranks].flatMap(([other, rank]) =>
          rank.has(match.id) ? [`${other} ${rank.get(match.id)}`] : [],
        );
        return this.#itemOf(match, found);
      }),
    );
  }

  #itemOf({ id, text = '', metadata }: Match<Entry>, found: readonly string[]): HTMLLIElement {
    const title = metadata?.words[0] ?? text;
    const word = button('word', title, () => this.onPick(id, title));
    const item = element('li', '', word, element('p', 'gloss', text));
    if (found.length > 0) item.append(element('p', 'ranks', found.join(' · ')));
    return item;
  }

  #choose(way: string): void {
    this.#section.dataset.chosen = way;
    for (const tab of this.#tabs) tab.setAttribute('aria-pressed', String(tab.dataset.way === way));
  }
}

/** `undefined` where it cannot be answered that way: the embedder knows no word of the text. */
async function ask(words: Words, { text, likeId, pos }: Question, way: Way, signal: AbortSignal) {
  const like = likeId === undefined ? {} : { id: likeId };
  const asked = {
    keyword: { text, keyword: true },
    vector: likeId === undefined ? { text } : { id: likeId },
    hybrid: { text, hybrid: true, ...like },
  } as const;
  try {
    return await words.query({ ...asked[way], ...(pos === undefined ? {} : { filter: { pos } }), signal });
  } catch (error) {
    if (error instanceof VectorStoreError && error.code === 'INVALID_ARGUMENT') return undefined;
    throw error;
  }
}

function receiptOf(answer: QueryResult<Entry> | undefined): string {
  if (answer === undefined) return 'the embedder knows no word of this';
  const { plan, scanned, elapsedMs } = answer.receipt;
  return `${plan} · ${formatCount(scanned)} looked at · ${formatMilliseconds(elapsedMs)}`;
}

import { addressed, changeAddress } from './address.js';
import { coalesced } from './coalesced.js';
import { button, byId, element } from './dom.js';
import { formatCount } from './format.js';
import type { PartOfSpeech, Words } from './words.js';

const CHIPS: readonly (readonly [label: string, pos: PartOfSpeech | undefined])[] = [
  ['All', undefined],
  ['Nouns', 'noun'],
  ['Verbs', 'verb'],
  ['Adjectives', 'adjective'],
  ['Adverbs', 'adverb'],
  ['Notes', 'note'],
];

/** Chips, of which one is pressed, also in the address; each with the number of records that it leaves. */
export class FiltersView {
  readonly #chips: readonly { chip: HTMLButtonElement; count: HTMLElement; pos: PartOfSpeech | undefined }[];
  #pos = CHIPS.find(([, pos]) => pos === addressed('pos'))?.[1];

  constructor(onChange: () => void) {
    this.#chips = CHIPS.map(([label, pos]) => {
      const count = element('span', 'count');
      const chip = button('chip', label, () => {
        // Pressing it again takes it off.
        this.#pos = this.#pos === pos ? undefined : pos;
        changeAddress({ pos: this.#pos });
        this.#show();
        onChange();
      });
      chip.append(' ', count);
      return { chip, count, pos };
    });
    this.#show();
    byId('filters', HTMLFieldSetElement).append(...this.#chips.map(({ chip }) => chip));
  }

  get pos(): PartOfSpeech | undefined {
    return this.#pos;
  }

  /** Counts anew, after the records have changed. */
  counting(words: Words): () => Promise<void> {
    return coalesced(async () => {
      const counts = await Promise.all(
        this.#chips.map(({ pos }) => words.count(pos === undefined ? undefined : { pos })),
      );
      for (const [i, { count }] of this.#chips.entries()) count.textContent = formatCount(counts[i]!);
    });
  }

  #show(): void {
    for (const { chip, pos } of this.#chips) chip.setAttribute('aria-pressed', String(pos === this.#pos));
  }
}

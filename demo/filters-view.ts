import { button, byId } from './dom.js';
import type { PartOfSpeech } from './words.js';

const CHIPS: readonly (readonly [label: string, pos: PartOfSpeech | undefined])[] = [
  ['All', undefined],
  ['Nouns', 'noun'],
  ['Verbs', 'verb'],
  ['Adjectives', 'adjective'],
  ['Adverbs', 'adverb'],
  ['Notes', 'note'],
];

/** Chips, of which one is pressed. */
export class FiltersView {
  #pos: PartOfSpeech | undefined;

  constructor(onChange: () => void) {
    const chips = CHIPS.map(([label, pos]) => {
      const chip = button('chip', label, () => {
        // Pressing it again takes it off.
        this.#pos = this.#pos === pos ? undefined : pos;
        show();
        onChange();
      });
      return { chip, pos };
    });
    const show = () => {
      for (const { chip, pos } of chips) chip.setAttribute('aria-pressed', String(pos === this.#pos));
    };
    show();
    byId('filters', HTMLFieldSetElement).append(...chips.map(({ chip }) => chip));
  }

  get pos(): PartOfSpeech | undefined {
    return this.#pos;
  }
}

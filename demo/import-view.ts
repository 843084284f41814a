import type { ImportState } from './corpus-import.js';
import { byId } from './dom.js';
import { formatCount } from './format.js';

/** The progress of the first import, with its button. */
export class ImportView {
  readonly #section = byId('import', HTMLElement);
  readonly #text = byId('import-text', HTMLParagraphElement);
  readonly #bar = byId('import-progress', HTMLProgressElement);
  readonly #toggle = byId('import-toggle', HTMLButtonElement);
  #state: ImportState['kind'] = 'checking';

  constructor(onCancel: () => void, onResume: () => void) {
    this.#toggle.addEventListener('click', () => (this.#state === 'running' ? onCancel() : onResume()));
  }

  show({ kind, done, total }: ImportState): void {
    this.#state = kind;
    this.#section.dataset.state = kind;
    // What failed is said in the notice.
    this.#section.hidden = kind === 'done' || kind === 'checking';
    this.#bar.max = total;
    this.#bar.value = done;
    this.#text.textContent = textOf(kind, `${formatCount(done)} of ${formatCount(total)}`);
    this.#toggle.textContent = kind === 'running' ? 'Cancel' : kind === 'cancelled' ? 'Resume' : 'Try again';
  }
}

function textOf(kind: ImportState['kind'], progress: string): string {
  switch (kind) {
    case 'cancelled':
      return `Stopped at ${progress} entries. Search works with these.`;
    case 'unreachable':
      return `The rest of the dictionary cannot be reached: ${progress} entries are here. Search works with these, and the import goes on when the network is back.`;
    case 'failed':
      return `The import has stopped at ${progress} entries. Search works with these.`;
    default:
      return `Reading the dictionary: ${progress} entries. Search works meanwhile.`;
  }
}

import { byId } from './dom.js';

/** Says calmly what went wrong; one thing at a time. */
export class Notice {
  readonly #box = byId('notice', HTMLDivElement);
  readonly #text = byId('notice-text', HTMLParagraphElement);
  readonly #retry = byId('notice-retry', HTMLButtonElement);
  #onRetry: () => void = () => {};

  constructor() {
    this.#retry.addEventListener('click', () => {
      this.hide();
      this.#onRetry();
    });
  }

  /** The messages of VectorStoreError say what happened, why it matters and what to do. */
  show(error: unknown, onRetry: () => void): void {
    this.#onRetry = onRetry;
    this.#text.textContent = error instanceof Error ? error.message : String(error);
    this.#box.hidden = false;
  }

  hide(): void {
    this.#box.hidden = true;
  }
}

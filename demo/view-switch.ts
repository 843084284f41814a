import { addressed, changeAddress } from './address.js';
import { byId } from './dom.js';

/** How the answer is shown: buttons `<button data-view="name">`, of which one is pressed. */
export class ViewSwitch {
  readonly #buttons = [
    ...byId('views', HTMLElement).querySelectorAll<HTMLButtonElement>('button[data-view]'),
  ];

  constructor(private readonly onChange: (view: string) => void) {
    for (const button of this.#buttons) {
      button.addEventListener('click', () => this.#show(button.dataset.view!));
    }
    const asked = addressed('view');
    this.#show(this.#buttons.some(({ dataset }) => dataset.view === asked) ? asked! : 'list');
  }

  #show(view: string): void {
    for (const button of this.#buttons) {
      button.setAttribute('aria-pressed', String(button.dataset.view === view));
    }
    byId('found', HTMLDivElement).dataset.view = view;
    changeAddress({ view: view === 'list' ? undefined : view });
    this.onChange(view);
  }
}

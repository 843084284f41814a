import { addressed, changeAddress } from './address.js';
import { byId } from './dom.js';

/** One page of the demo is shown at a time: `<… data-page="name">`, chosen by a link `<a data-to="name">`. */
export class Pages {
  readonly #links = [...byId('pages', HTMLElement).querySelectorAll<HTMLAnchorElement>('[data-to]')];
  readonly #sections = [...document.querySelectorAll<HTMLElement>('[data-page]')];
  readonly #opened = new Set<string>();

  /** @param onFirst called when the page of that name is shown for the first time */
  constructor(private readonly onFirst: Readonly<Record<string, () => void>>) {
    for (const link of this.#links) {
      link.addEventListener('click', (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        const { to } = link.dataset;
        changeAddress({ page: to === 'words' ? undefined : to }, true);
        this.show();
      });
    }
    addEventListener('popstate', () => this.show());
  }

  /** Shows the page that the address names. */
  show(): void {
    const asked = addressed('page');
    const known = this.#sections.some(({ dataset }) => dataset.page === asked);
    const name = known ? asked! : 'words';
    for (const section of this.#sections) section.hidden = section.dataset.page !== name;
    for (const link of this.#links) {
      if (link.dataset.to === name) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    if (this.#opened.has(name)) return;
    this.#opened.add(name);
    this.onFirst[name]?.();
  }
}

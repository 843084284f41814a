import { addressed, changeAddress } from './address.js';
import { byId } from './dom.js';

/**
 * One page of the demo is shown at a time: `<… data-page="name">`, chosen by a link `<a data-to="name">`. Code that comes
 * with the page is loaded when it is first shown; until then it is inert.
 */
export class Pages {
  readonly #links = [...byId('pages', HTMLElement).querySelectorAll<HTMLAnchorElement>('[data-to]')];
  readonly #sections = [...document.querySelectorAll<HTMLElement>('[data-page]')];
  readonly #loaded = new Set<string>();

  constructor(
    /** The code of a page, by its name. */
    private readonly loaders: Readonly<Record<string, () => Promise<void>>>,
    private readonly onError: (error: unknown, retry: () => void) => void,
  ) {
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
    void this.#load(name);
  }

  async #load(name: string): Promise<void> {
    if (this.#loaded.has(name)) return;
    this.#loaded.add(name);
    try {
      await this.loaders[name]?.();
      for (const section of this.#sections) if (section.dataset.page === name) section.inert = false;
    } catch (error) {
      this.#loaded.delete(name);
      this.onError(error, () => void this.#load(name));
    }
  }
}

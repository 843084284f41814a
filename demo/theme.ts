import { byId } from './dom.js';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const LABELS: Readonly<Record<Theme, string>> = {
  system: 'Colours: as the system',
  light: 'Colours: light',
  dark: 'Colours: dark',
};
const KEPT_AS = 'theme';

/** Light, dark, or as the system, which is the start. Kept in this browser. */
export class ThemeSwitch {
  readonly #button = byId('theme', HTMLButtonElement);
  readonly #system = matchMedia('(prefers-color-scheme: dark)');
  #theme = THEMES.find((theme) => theme === keptTheme()) ?? 'system';

  /** @param onChange what draws by itself, as a canvas, draws anew */
  constructor(private readonly onChange: () => void) {
    this.#button.addEventListener('click', () => this.next());
    this.#system.addEventListener('change', () => this.onChange());
    this.#show();
  }

  next(): void {
    this.#theme = THEMES[(THEMES.indexOf(this.#theme) + 1) % THEMES.length]!;
    try {
      localStorage.setItem(KEPT_AS, this.#theme);
    } catch {
      // Storage is blocked: it holds until the page is left.
    }
    this.#show();
    this.onChange();
  }

  #show(): void {
    document.documentElement.dataset.theme = this.#theme;
    this.#button.setAttribute('aria-label', LABELS[this.#theme]);
    this.#button.title = LABELS[this.#theme];
  }
}

/** What was chosen in this browser. */
export function keptTheme(): string | null {
  try {
    return localStorage.getItem(KEPT_AS);
  } catch {
    return null;
  }
}

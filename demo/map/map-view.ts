import { byId, element } from '../dom.js';
import type { Answer } from '../latest-search.js';
import { projectToPlane } from './project.js';
import { type Place, Scatter } from './scatter.js';

const ARROWS: Readonly<Record<string, readonly [dx: number, dy: number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

/** The map with its pointer, keys and caption. */
export class MapView {
  readonly #box = byId('map-plot', HTMLDivElement);
  readonly #caption = byId('map-caption', HTMLParagraphElement);
  readonly #scatter = new Scatter(this.#box);
  #places: (Place & { readonly text: string })[] = [];
  #chosen: number | undefined;

  /** @param onPick a place was clicked, or Enter pressed on it */
  constructor(private readonly onPick: (id: string, label: string) => void) {
    this.#box.tabIndex = 0;
    this.#box.addEventListener('pointermove', (event) => this.#choose(this.#under(event)));
    this.#box.addEventListener('pointerleave', () => this.#choose(undefined));
    this.#box.addEventListener('click', (event) => {
      this.#choose(this.#under(event));
      this.#pick();
    });
    this.#box.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** An answer with vectors: the ten best found and what is around them. */
  show({ matches }: Answer): void {
    const { xs, ys } = projectToPlane(matches.map(({ vector }) => vector!));
    this.#places = matches.map(({ id, text = '', metadata }, rank) => ({
      id,
      label: metadata?.words[0] ?? text.slice(0, 40),
      rank,
      text,
    }));
    this.#scatter.show(this.#places, xs, ys);
    this.#choose(undefined);
    this.#box.dataset.places = String(matches.length);
    this.#box.dataset.best = matches[0]?.id ?? '';
  }

  recolour(): void {
    this.#scatter.recolour();
  }

  #under({ clientX, clientY }: MouseEvent): number | undefined {
    const { left, top } = this.#box.getBoundingClientRect();
    return this.#scatter.at(clientX - left, clientY - top);
  }

  #choose(index: number | undefined): void {
    this.#chosen = index;
    this.#scatter.choose(index);
    const place = index === undefined ? undefined : this.#places[index];
    this.#caption.replaceChildren(
      ...(place === undefined ? [] : [element('strong', '', place.label), ` ${place.text}`]),
    );
    this.#box.classList.toggle('pointing', place !== undefined);
  }

  #pick(): void {
    const place = this.#chosen === undefined ? undefined : this.#places[this.#chosen];
    if (place !== undefined) this.onPick(place.id, place.label);
  }

  #onKey(event: KeyboardEvent): void {
    if (this.#places.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow !== undefined) {
      // The first arrow chooses the best; one that leads nowhere leaves the choice.
      const next = this.#chosen === undefined ? 0 : this.#scatter.towards(this.#chosen, ...arrow);
      this.#choose(next ?? this.#chosen);
    } else if (event.key === 'Home') this.#choose(0);
    else if (event.key === 'Enter') this.#pick();
    else return;
    event.preventDefault();
  }
}

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Colours, coloursOf } from '../colours.js';

export interface Place {
  readonly id: string;
  readonly label: string;
  /** Among the best found, from 0; the others are the neighbourhood. */
  readonly rank: number;
}

const LABELLED = 10;
/** CSS pixels. */
const PADDING = 48;
const REACH = 24;

/** Places on a plane: the first ten named, the others dots. Coordinates of pointers are CSS pixels in the plot. */
export class Scatter {
  readonly #plot: uPlot;
  #places: readonly Place[] = [];
  #xs: readonly number[] = [];
  #ys: readonly number[] = [];
  #chosen: number | undefined;
  #colours: Colours;

  constructor(private readonly box: HTMLElement) {
    this.#colours = coloursOf(box);
    this.#plot = new uPlot(
      {
        mode: 2,
        ...this.#size,
        padding: [0, 0, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        axes: [{ show: false }, { show: false }],
        scales: { x: { time: false, range: withRoom }, y: { range: withRoom } },
        series: [
          {},
          {
            paths: () => null,
            facets: [
              { scale: 'x', auto: true },
              { scale: 'y', auto: true },
            ],
          },
        ],
        hooks: { draw: [() => this.#draw()] },
      },
      [[], [[], []]] as unknown as uPlot.AlignedData,
      box,
    );
    new ResizeObserver(() => this.#plot.setSize(this.#size)).observe(box);
  }

  show(places: readonly Place[], xs: number[], ys: number[]): void {
    this.#places = places;
    this.#xs = xs;
    this.#ys = ys;
    this.#chosen = undefined;
    this.#plot.setData([[], [xs, ys]] as unknown as uPlot.AlignedData);
  }

  choose(index: number | undefined): void {
    if (index === this.#chosen) return;
    this.#chosen = index;
    this.#plot.redraw(false);
  }

  /** After the page's colours have changed. */
  recolour(): void {
    this.#colours = coloursOf(this.box);
    this.#plot.redraw(false);
  }

  /** The place under the pointer. */
  at(x: number, y: number): number | undefined {
    const distance = (i: number) => Math.hypot(this.#x(i) - x, this.#y(i) - y);
    const nearest = this.#nearest(distance);
    return nearest !== undefined && distance(nearest) <= REACH ? nearest : undefined;
  }

  /** The place that an arrow key leads to: near, and rather straight ahead. */
  towards(from: number, dx: number, dy: number): number | undefined {
    return this.#nearest((i) => {
      const right = this.#x(i) - this.#x(from);
      const down = this.#y(i) - this.#y(from);
      const ahead = right * dx + down * dy;
      const aside = Math.abs(right * dy) + Math.abs(down * dx);
      return ahead > 1 ? ahead + 2 * aside : Number.POSITIVE_INFINITY;
    });
  }

  #nearest(distance: (index: number) => number): number | undefined {
    let nearest: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#places.length; i++) {
      const value = distance(i);
      if (value < least) [nearest, least] = [i, value];
    }
    return nearest;
  }

  get #size() {
    return { width: this.box.clientWidth, height: this.box.clientHeight };
  }

  #x = (index: number) => this.#plot.valToPos(this.#xs[index]!, 'x');
  #y = (index: number) => this.#plot.valToPos(this.#ys[index]!, 'y');

  #draw(): void {
    const { ctx } = this.#plot;
    ctx.save();
    ctx.scale(uPlot.pxRatio, uPlot.pxRatio);
    const { accent, muted } = this.#colours;
    for (let i = this.#places.length - 1; i >= 0; i--) {
      const { rank } = this.#places[i]!;
      const isFound = rank < LABELLED;
      ctx.globalAlpha = isFound ? 1 : 0.4;
      ctx.fillStyle = isFound ? accent : muted;
      this.#dot(i, rank === 0 ? 6.5 : isFound ? 4.5 : 3);
      ctx.fill();
    }
    ctx.globalAlpha = 1;
    this.#drawLabels();
    ctx.restore();
  }

  #dot(index: number, radius: number): void {
    const { ctx } = this.#plot;
    ctx.beginPath();
    ctx.arc(this.#x(index), this.#y(index), radius, 0, 2 * Math.PI);
  }

  /** The chosen one first, then by rank; one that would cover another is left out. */
  #drawLabels(): void {
    const { ctx, width } = this.#plot;
    const { ink, accent, paper } = this.#colours;
    const serif = getComputedStyle(document.documentElement).getPropertyValue('--serif');
    const found = this.#places.flatMap(({ rank }, i) => (rank < LABELLED && i !== this.#chosen ? [i] : []));
    const taken: { left: number; right: number; y: number }[] = [];
    for (const i of this.#chosen === undefined ? found : [this.#chosen, ...found]) {
      const { label, rank } = this.#places[i]!;
      const isChosen = i === this.#chosen;
      ctx.font = `${rank === 0 || isChosen ? 17 : 14}px ${serif}`;
      const wide = ctx.measureText(label).width;
      const toLeft = this.#x(i) + 12 + wide > width;
      const left = toLeft ? this.#x(i) - 10 - wide : this.#x(i) + 10;
      const y = this.#y(i);
      if (taken.some((box) => left < box.right && box.left < left + wide && Math.abs(y - box.y) < 18))
        continue;
      taken.push({ left, right: left + wide, y });
      if (isChosen) {
        ctx.strokeStyle = accent;
        ctx.lineWidth = 2;
        this.#dot(i, 9);
        ctx.stroke();
      }
      ctx.textBaseline = 'middle';
      // A halo, so that dots behind leave the word readable.
      ctx.strokeStyle = paper;
      ctx.lineWidth = 4;
      ctx.lineJoin = 'round';
      ctx.strokeText(label, left, y);
      ctx.fillStyle = rank === 0 || isChosen ? accent : ink;
      ctx.fillText(label, left, y);
    }
  }
}

/** The range of a scale, with room for half a label at its ends. */
function withRoom(plot: uPlot, min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const room = ((max - min || 1) * PADDING) / Math.max(1, Math.min(plot.width, plot.height) - 2 * PADDING);
  return [min - room, max + room];
}

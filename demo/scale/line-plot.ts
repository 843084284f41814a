import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Colours, coloursOf } from '../colours.js';

export interface Line {
  readonly label: string;
  readonly colour: keyof Colours;
  readonly dashed?: boolean;
}

const MARGIN = 0.12;

/** Lines over sizes, on a logarithmic axis; drawn anew when the page's colours change. */
export class LinePlot {
  #plot: uPlot | undefined;
  #data: uPlot.AlignedData;

  constructor(
    private readonly box: HTMLElement,
    private readonly lines: readonly Line[],
    /** The sizes of the axis, whether they have been measured or not. */
    private readonly sizes: readonly number[],
    private readonly range: uPlot.Scale.Range,
    private readonly formatValue: (value: number) => string,
  ) {
    this.#data = [[], ...lines.map(() => [])];
    this.recolour();
    new ResizeObserver(() => this.#plot?.setSize(this.#size)).observe(box);
  }

  /** One value per size and line. */
  show(sizes: number[], ...values: number[][]): void {
    this.#data = [sizes, ...values];
    this.#plot?.setData(this.#data);
  }

  recolour(): void {
    const colours = coloursOf(this.box);
    const axis = {
      stroke: colours.muted,
      grid: { stroke: colours.line, width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    };
    this.#plot?.destroy();
    this.#plot = new uPlot(
      {
        ...this.#size,
        cursor: { show: false },
        scales: {
          x: {
            time: false,
            distr: 3,
            range: [this.sizes[0]! * (1 - MARGIN), this.sizes.at(-1)! * (1 + MARGIN)],
          },
          y: { range: this.range },
        },
        axes: [
          {
            ...axis,
            splits: () => [...this.sizes],
            filter: (_plot, splits) => splits,
            values: (_plot, splits) => splits.map((size) => `${size / 1000}k`),
            grid: { show: false },
          },
          { ...axis, size: 48, values: (_plot, splits) => splits.map(this.formatValue) },
        ],
        series: [
          { label: 'vectors' },
          ...this.lines.map(({ label, colour, dashed = false }) => ({
            label,
            stroke: colours[colour],
            width: 2,
            ...(dashed ? { dash: [5, 4] } : {}),
            points: { show: true, size: 6, fill: colours[colour] },
          })),
        ],
        legend: { live: false },
      },
      this.#data,
      this.box,
    );
  }

  get #size() {
    return { width: this.box.clientWidth, height: 220 };
  }
}

import { openStore } from 'nearshore';
import { byId, element } from '../dom.js';
import { formatCount, formatMilliseconds, formatSeconds } from '../format.js';
import { Clusters } from './clusters.js';
import { LinePlot } from './line-plot.js';
import { type Measured, measureAt } from './measure.js';

const SIZES = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];
const DIMENSION = 128;
const CLUSTERS = 500;
const SEED = 7;

/** The page that measures, size after size, up to the one that the slider asks for. */
export class ScalePage {
  readonly #slider = byId('scale-size', HTMLInputElement);
  readonly #run = byId('scale-run', HTMLButtonElement);
  readonly #stop = byId('scale-stop', HTMLButtonElement);
  readonly #state = byId('scale-state', HTMLParagraphElement);
  readonly #rows = byId('scale-rows', HTMLTableSectionElement);
  #plots: { times: LinePlot; recall: LinePlot } | undefined;
  #running: AbortController | undefined;

  constructor(private readonly onError: (error: unknown, retry: () => void) => void) {
    this.#slider.max = String(SIZES.length - 1);
    this.#slider.addEventListener('input', () => this.#showSize());
    this.#showSize();
    byId('scale-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#measure();
    });
    this.#stop.addEventListener('click', () => this.#running?.abort());
  }

  recolour(): void {
    this.#plots?.times.recolour();
    this.#plots?.recall.recolour();
  }

  get #sizes(): number[] {
    return SIZES.slice(0, this.#slider.valueAsNumber + 1);
  }

  #showSize(): void {
    const size = formatCount(this.#sizes.at(-1)!);
    byId('scale-chosen', HTMLOutputElement).value = size;
    this.#slider.setAttribute('aria-valuetext', `${size} vectors`);
  }

  async #measure(): Promise<void> {
    if (this.#running !== undefined) return;
    const { signal } = (this.#running = new AbortController());
    this.#setRunning(true);
    this.#rows.replaceChildren();
    const measured: Measured[] = [];
    this.#show(measured);
    const store = await openStore('scale', { storage: 'memory' });
    try {
      const collection = await store.collection('vectors', { dimension: DIMENSION });
      const clusters = new Clusters(DIMENSION, CLUSTERS, SEED);
      for (const size of this.#sizes) {
        const onStep = (step: string, done: number, total: number) => {
          this.#state.textContent = `${formatCount(size)}: ${step}, ${Math.round((100 * done) / total)} %`;
        };
        measured.push(await measureAt(size, collection, clusters, { signal, onStep }));
        this.#show(measured);
      }
      this.#state.textContent = 'Measured in this browser, just now.';
    } catch (error) {
      this.#state.textContent = 'Stopped.';
      if (!signal.aborted) this.onError(error, () => void this.#measure());
    } finally {
      this.#running = undefined;
      this.#setRunning(false);
      await store.close();
    }
  }

  #setRunning(isRunning: boolean): void {
    this.#run.hidden = isRunning;
    this.#stop.hidden = !isRunning;
    this.#slider.disabled = isRunning;
  }

  #show(measured: readonly Measured[]): void {
    byId('scale-results', HTMLDivElement).hidden = false;
    this.#plots ??= makePlots();
    const sizes = measured.map(({ size }) => size);
    const column = (name: 'p50' | 'p95' | 'exactP50' | 'recall') => measured.map((row) => row[name]);
    this.#plots.times.show(sizes, column('p50'), column('p95'), column('exactP50'));
    this.#plots.recall.show(sizes, column('recall'));
    const last = measured.at(-1);
    if (last !== undefined) this.#rows.append(rowOf(last));
  }
}

function makePlots() {
  const times = new LinePlot(
    byId('scale-times', HTMLDivElement),
    [
      { label: 'p50', colour: 'accent' },
      { label: 'p95', colour: 'ink' },
      { label: 'exact p50', colour: 'muted', dashed: true },
    ],
    SIZES,
    (_plot, _min, max) => [0, Math.max(0.5, (max ?? 0) * 1.15)],
    (value) => value.toFixed(1),
  );
  const recall = new LinePlot(
    byId('scale-recall', HTMLDivElement),
    [{ label: 'recall@10', colour: 'accent' }],
    SIZES,
    (_plot, min) => [Math.min(0.8, Math.floor((min ?? 1) * 10) / 10), 1.02],
    (value) => value.toFixed(2),
  );
  return { times, recall };
}

function rowOf({ size, p50, p95, exactP50, recall, plan, indexedMs }: Measured): HTMLTableRowElement {
  const name = element('th', '', formatCount(size));
  name.scope = 'row';
  const cells = [
    formatMilliseconds(p50),
    formatMilliseconds(p95),
    formatMilliseconds(exactP50),
    recall.toFixed(3),
    plan,
    formatSeconds(indexedMs),
  ];
  return element('tr', '', name, ...cells.map((cell) => element('td', '', cell)));
}

import type { StoreStatus } from 'nearshore';
import { byId, element } from './dom.js';
import { FaultButtons } from './fault-buttons.js';
import { formatCount, formatMegabytes } from './format.js';
import { countTabs } from './tab-count.js';
import type { Library } from './words.js';

const EVERY_MS = 1_000;

/** What runs on this device, and buttons that break it. */
export class DevicePanel {
  readonly #panel = byId('device-panel', HTMLDetailsElement);
  readonly #figures = byId('device-figures', HTMLDListElement);
  readonly #values = new Map<string, HTMLElement>();
  readonly #faults: FaultButtons;

  /** @param requests that the page has made */
  constructor(
    private readonly library: Library,
    private readonly requests: () => number,
    onRecovered: () => void,
  ) {
    this.#faults = new FaultButtons(library, onRecovered);
    void this.#run();
  }

  /** For as long as the page is there; it looks when somebody can see it. */
  async #run(): Promise<void> {
    for (;;) {
      // A worker that is lost meanwhile is another one the next time.
      if (this.#panel.open && !document.hidden) await this.#refresh().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  async #refresh(): Promise<void> {
    const { store, words, faults } = this.library;
    const [status, stats, tabs, requests] = await Promise.all([
      store.status(),
      words.stats(),
      countTabs(),
      faults.requests(),
    ]);
    const { backend, usage } = status;
    this.#faults.showFor(backend);
    this.#show(
      'Engine',
      `${backend.active} · ${backend.kernel}${threadsOf(backend.threads)}`,
      backend.reason,
    );
    const { kind, lists, training } = stats.index;
    this.#show(
      'Index',
      training === undefined
        ? kind === 'flat'
          ? 'none yet: every search is exact'
          : `${formatCount(lists)} lists`
        : `training, ${Math.floor((100 * training.done) / training.total)} %`,
    );
    this.#show('Records', formatCount(stats.records));
    this.#show('On disk', formatMegabytes(usage.ownBytes));
    this.#show('Kept', KEPT[String(status.mayPurge) as keyof typeof KEPT]);
    this.#show('Tabs', tabs === undefined ? 'cannot be counted here' : String(tabs));
    this.#show('Requests', `${this.requests()} by the page, ${requests} by its worker`);
  }

  /** @param title what more there is to say */
  #show(name: string, value: string, title = ''): void {
    let cell = this.#values.get(name);
    if (cell === undefined) {
      cell = element('dd', '');
      this.#values.set(name, cell);
      this.#figures.append(element('div', '', element('dt', '', name), cell));
    }
    if (cell.textContent !== value) cell.textContent = value;
    cell.title = title;
  }
}

const KEPT: Readonly<Record<`${StoreStatus['mayPurge']}`, string>> = {
  true: 'the browser may delete it to make room',
  false: 'until you delete it',
  unknown: 'the browser does not say',
};

const threadsOf = (threads: number) => (threads > 1 ? ` · ${threads} threads` : ' · 1 thread');

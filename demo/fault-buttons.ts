import type { BackendStatus } from 'nearshore';
import { wrapFetch } from '../src/testing/worker/network.js';
import { byId, element } from './dom.js';
import { formatCount, formatMilliseconds } from './format.js';
import type { Library } from './words.js';

/** Breaks things for real, and tells how they are mended. */
export class FaultButtons {
  readonly #log = byId('device-log', HTMLOListElement);
  readonly #kill = byId('kill-worker', HTMLButtonElement);
  readonly #loseGpu = byId('lose-gpu', HTMLButtonElement);
  readonly #offline = byId('go-offline', HTMLButtonElement);
  readonly #cutPage = wrapFetch();
  #isOffline = false;

  constructor(
    private readonly library: Library,
    private readonly onRecovered: () => void,
  ) {
    this.#kill.addEventListener('click', () => void this.#killWorker());
    this.#loseGpu.addEventListener('click', () => void this.#loseTheGpu());
    this.#offline.addEventListener('click', () => void this.#switchNetwork());
    byId('second-tab', HTMLButtonElement).addEventListener('click', () => {
      window.open(location.href, '_blank', 'noopener');
      this.#tell('A second tab opens the same store. Add a note in one: the other has it at once.');
    });
    library.store.on('degraded', ({ from, to, reason }) =>
      this.#tell(`${from.backend} has failed, ${to.backend} goes on: ${reason}`),
    );
  }

  /** What can be broken with this engine. */
  showFor({ active }: BackendStatus): void {
    this.#loseGpu.hidden = active !== 'webgpu';
  }

  async #killWorker(): Promise<void> {
    const { store, words, faults } = this.library;
    this.#kill.disabled = true;
    const began = performance.now();
    const lost = new Promise<string>((resolve) => {
      const off = store.on('worker-lost', ({ reason }) => {
        off();
        resolve(reason);
      });
    });
    faults.crashWorker();
    this.#tell(`The worker is gone: ${await lost}.`);
    try {
      // Any call starts the next one.
      const count = await words.count();
      const took = formatMilliseconds(performance.now() - began);
      this.#tell(
        `A new worker has read the store and answers, ${took} later: ${formatCount(count)} records.`,
      );
      this.onRecovered();
    } catch (error) {
      this.#tell((error as Error).message);
    } finally {
      this.#kill.disabled = false;
    }
  }

  async #loseTheGpu(): Promise<void> {
    const { words, faults } = this.library;
    await faults.loseGpu();
    this.#tell('The GPU device is destroyed.');
    const { receipt } = await words.query({ text: 'water', topK: 1, exact: true });
    this.#tell(`The next search was answered by ${receipt.backend}. Nothing is lost.`);
  }

  async #switchNetwork(): Promise<void> {
    this.#isOffline = !this.#isOffline;
    this.#cutPage(this.#isOffline);
    await this.library.faults.offline(this.#isOffline);
    this.#offline.textContent = this.#isOffline ? 'Go online' : 'Go offline';
    this.#offline.setAttribute('aria-pressed', String(this.#isOffline));
    if (this.#isOffline) {
      this.#tell('Offline: every fetch of this tab and of its worker fails now. Search and notes go on.');
      return;
    }
    this.#tell('Online again.');
    this.onRecovered();
    dispatchEvent(new Event('online'));
  }

  #tell(text: string): void {
    const time = new Date().toLocaleTimeString('en-GB');
    this.#log.prepend(element('li', '', element('time', '', time), ' ', text));
  }
}

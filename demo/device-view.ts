import type { VectorStore } from 'nearshore';
import { coalesced } from './coalesced.js';
import { byId } from './dom.js';
import { formatCount, formatMegabytes } from './format.js';
import type { Words } from './words.js';

/** How much there is on this device. */
export class DeviceView {
  readonly #records = byId('record-count', HTMLElement);
  readonly #disk = byId('disk-size', HTMLElement);

  constructor(
    private readonly store: VectorStore,
    private readonly words: Words,
  ) {}

  readonly refresh = coalesced(async () => {
    const [stats, status] = await Promise.all([this.words.stats(), this.store.status()]);
    this.#records.textContent = formatCount(stats.records);
    this.#disk.textContent = formatMegabytes(status.usage.ownBytes);
  });
}

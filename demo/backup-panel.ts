import type { BackupProgress, VectorStore } from 'nearshore';
import { byId } from './dom.js';
import { formatCount, formatMegabytes } from './format.js';

/** Saves the whole store to a file, and reads it back. */
export class BackupPanel {
  readonly #export = byId('backup-export', HTMLButtonElement);
  readonly #import = byId('backup-import', HTMLButtonElement);
  readonly #file = byId('backup-file', HTMLInputElement);
  readonly #cancel = byId('backup-cancel', HTMLButtonElement);
  readonly #bar = byId('backup-progress', HTMLProgressElement);
  readonly #message = byId('backup-message', HTMLParagraphElement);

  constructor(private readonly store: VectorStore) {
    this.#export.addEventListener('click', () => void this.#run('Saving', (how) => this.#save(how)));
    this.#import.addEventListener('click', () => this.#file.click());
    this.#file.addEventListener('change', () => {
      const file = this.#file.files?.[0];
      if (file !== undefined) void this.#run(`Reading ${file.name}`, (how) => this.#read(file, how));
      // The same file may be chosen again.
      this.#file.value = '';
    });
  }

  async #save(how: How): Promise<string> {
    const blob = await this.store.exportBlob(how);
    const url = URL.createObjectURL(blob);
    const link = document.createElement('a');
    link.href = url;
    link.download = `${this.store.name}-${new Date().toISOString().slice(0, 10)}.nearshore`;
    link.click();
    // The download has begun by then.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    return `Saved: ${formatMegabytes(blob.size)}, with every record and every note.`;
  }

  async #read(file: File, how: How): Promise<string> {
    const { imported, replaced } = await this.store.import(file, { ...how, onConflict: 'replace' });
    return `Read: ${formatCount(imported)} new records, ${formatCount(replaced)} replaced.`;
  }

  async #run(what: string, task: (how: How) => Promise<string>): Promise<void> {
    const running = new AbortController();
    const cancel = () => running.abort();
    this.#cancel.addEventListener('click', cancel);
    this.#setBusy(true);
    this.#message.textContent = `${what}…`;
    try {
      this.#message.textContent = await task({
        signal: running.signal,
        onProgress: ({ done, total = done }) => {
          this.#bar.max = total;
          this.#bar.value = done;
        },
      });
    } catch (error) {
      this.#message.textContent = running.signal.aborted ? 'Cancelled.' : (error as Error).message;
    } finally {
      this.#cancel.removeEventListener('click', cancel);
      this.#setBusy(false);
    }
  }

  #setBusy(isBusy: boolean): void {
    this.#export.disabled = this.#import.disabled = isBusy;
    this.#bar.hidden = this.#cancel.hidden = !isBusy;
    this.#bar.removeAttribute('value');
  }
}

interface How {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BackupProgress) => void;
}

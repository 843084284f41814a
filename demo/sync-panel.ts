import type { Collection, Sync, SyncStatus } from 'nearshore';
import { byId } from './dom.js';
import { rememberServer, type ServerChoice } from './sync-server.js';
import { lastInWords, lostInWords, pendingInWords, STATES } from './sync-words.js';

/** Syncs the notes with a server, and tells how that stands. */
export class SyncPanel {
  readonly #summary = byId('sync-summary', HTMLSpanElement);
  readonly #form = byId('sync-form', HTMLFormElement);
  readonly #url = byId('sync-url', HTMLInputElement);
  readonly #start = byId('sync-start', HTMLButtonElement);
  readonly #figures = byId('sync-figures', HTMLDListElement);
  readonly #state = byId('sync-state', HTMLElement);
  readonly #pending = byId('sync-pending', HTMLElement);
  readonly #last = byId('sync-last', HTMLElement);
  readonly #now = byId('sync-now', HTMLButtonElement);
  readonly #stop = byId('sync-stop', HTMLButtonElement);
  readonly #message = byId('sync-message', HTMLParagraphElement);
  #sync: Sync | undefined;
  #twin: ServerChoice['twin'];

  constructor(
    private readonly notes: Collection,
    choice: ServerChoice | undefined,
  ) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#begin(this.#url.value.trim());
    });
    this.#now.addEventListener('click', () => void this.#syncNow());
    this.#stop.addEventListener('click', () => void this.#end());
    // Also told by "Go online": what has waited goes at once.
    addEventListener('online', () => {
      if (this.#sync !== undefined) void this.#syncNow();
    });
    this.#twin = choice?.twin;
    if (choice !== undefined) this.#url.value = choice.url;
    if (choice?.isOn) this.#begin(choice.url);
    else this.#show(undefined);
  }

  #begin(url: string): void {
    try {
      this.#sync = this.notes.sync({ url, onConflict: (conflict) => this.#say(lostInWords(conflict)) });
    } catch (error) {
      // The URL is none.
      this.#say((error as Error).message);
      return;
    }
    this.#say('');
    this.#remember(url, true);
    this.#sync.on('status', (status) => this.#show(status));
    this.#show(this.#sync.status());
  }

  async #end(): Promise<void> {
    const sync = this.#sync;
    this.#sync = undefined;
    this.#remember(this.#url.value, false);
    this.#say('');
    await sync?.stop();
    this.#show(undefined);
    this.#start.focus();
  }

  async #syncNow(): Promise<void> {
    this.#now.disabled = true;
    try {
      await this.#sync?.now();
      this.#say('Everything is in step.');
    } catch (error) {
      this.#say((error as Error).message);
    } finally {
      this.#now.disabled = false;
    }
  }

  /** @param status `undefined`: there is no sync */
  #show(status: SyncStatus | undefined): void {
    const isOn = status !== undefined && status.state !== 'stopped';
    this.#url.readOnly = isOn;
    this.#start.hidden = isOn;
    for (const shown of [this.#figures, this.#now, this.#stop]) shown.hidden = !isOn;
    this.#summary.textContent = isOn ? STATES[status.state] : 'off';
    this.#summary.dataset.state = isOn ? status.state : 'stopped';
    if (!isOn) return;
    this.#state.textContent = STATES[status.state];
    this.#pending.textContent = pendingInWords(status.pending);
    this.#last.textContent = lastInWords(status.lastSyncedAt);
    if (status.state === 'error') this.#say(status.error?.message ?? '');
  }

  #remember(url: string, isOn: boolean): void {
    rememberServer({ url, isOn, ...(this.#twin === undefined ? {} : { twin: this.#twin }) });
  }

  #say(text: string): void {
    this.#message.textContent = text;
    this.#message.hidden = text === '';
  }
}

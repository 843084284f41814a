import { countRequests } from '../src/testing/worker/count-requests.js';
import { byId } from './dom.js';
import { chosenServer } from './sync-server.js';
import { joinTabs } from './tab-count.js';
import type { Library } from './words.js';

// Of the folded panels only what has to be there from the start; their code comes when they are opened.

/**
 * @param onRecovered the worker is back, or the network: what was interrupted may go on
 */
export function usePanels(library: Library, onRecovered: () => void): void {
  // Chromium asks for the icon anew whenever the address changes.
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')!.href;
  const requests = countRequests((url) => url !== icon);
  joinTabs();
  const server = chosenServer();
  const sync = once(async () => new (await import('./sync-panel.js')).SyncPanel(library.notes, server));
  if (server?.isOn) void sync();
  whenOpened('sync-panel', sync);
  whenOpened('device-panel', async () => {
    const { DevicePanel } = await import('./device-panel.js');
    new DevicePanel(library, requests, onRecovered);
  });
  whenOpened('backup-panel', async () => {
    const { BackupPanel } = await import('./backup-panel.js');
    new BackupPanel(library.store);
  });
}

function whenOpened(id: string, load: () => Promise<unknown>): void {
  const panel = byId(id, HTMLDetailsElement);
  const loadOnce = once(async () => {
    await load();
    // Until then its buttons would do nothing.
    panel.querySelector('.panel-body')!.removeAttribute('inert');
  });
  const check = () => {
    if (panel.open) void loadOnce();
  };
  panel.addEventListener('toggle', check);
  // It was opened before the store was.
  check();
}

function once<T>(task: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= task());
}

import { openStore, type SyncStatus, VectorStoreError } from 'nearshore';
import { staticEmbedder } from 'nearshore/embedders';
import { makeFaults } from 'nearshore/testing';
import { DeviceConflicts } from './device-conflicts.js';
import { DeviceNotes } from './device-notes.js';
import { byId } from './dom.js';
import { Notes } from './notes.js';
import { pendingInWords, STATES } from './sync-words.js';

// One of the two devices of devices.html.

const asked = new URLSearchParams(location.search);
document.documentElement.dataset.theme = asked.get('theme') ?? 'system';
byId('device-name', HTMLHeadingElement).textContent = asked.get('name') ?? 'Device';
const state = byId('device-state', HTMLParagraphElement);
const network = byId('network', HTMLInputElement);
start(asked.get('server') ?? '').catch((error: unknown) => {
  state.textContent = error instanceof VectorStoreError ? error.message : String(error);
});

async function start(url: string): Promise<void> {
  const faults = makeFaults();
  // Not the dictionary's store: a tab of that may sync, too, and would be a way around the switch.
  const store = await openStore('two-devices', { worker: faults.worker });
  const collection = await store.collection('notes', {
    embedder: staticEmbedder(),
    conflict: 'compare-and-set',
  });
  const notes = new DeviceNotes(new Notes(collection));
  collection.on('change', () => void notes.refresh());
  await notes.refresh();

  const sync = collection.sync({ url, onConflict: new DeviceConflicts().settle });
  const show = ({ state: now, pending }: SyncStatus) => {
    const name = network.checked ? now : 'offline';
    state.dataset.state = name;
    state.textContent = `${network.checked ? STATES[now] : 'off the network'} · ${pendingInWords(pending)} to send`;
  };
  sync.on('status', show);
  show(sync.status());
  network.addEventListener('change', async () => {
    await faults.offline(!network.checked);
    show(sync.status());
    // What has waited goes at once. Where that fails, the status tells.
    if (network.checked) await sync.now().catch(() => {});
  });
}

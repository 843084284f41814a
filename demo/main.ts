import type { VectorStore } from 'nearshore';
import embedderNotice from '../src/client/embedders/assets/NOTICE?raw';
import { coalesced } from './coalesced.js';
import { corpus } from './corpus.js';
import { CorpusImport } from './corpus-import.js';
import { DeviceView } from './device-view.js';
import { byId } from './dom.js';
import { ImportView } from './import-view.js';
import { mirrorNotes } from './mirror-notes.js';
import { Notes } from './notes.js';
import { NotesView } from './notes-view.js';
import { Notice } from './notice.js';
import { watchOfflineUse } from './offline-view.js';
import { Pages } from './pages.js';
import { usePanels } from './panels.js';
import { SearchPage } from './search-page.js';
import { useShareLink } from './share-link.js';
import { useShortcuts } from './shortcuts.js';
import { ThemeSwitch } from './theme.js';
import { openLibrary } from './words.js';

const notice = new Notice();
const showError = (error: unknown, retry: () => void) => notice.show(error, retry);
const searchPage = new SearchPage(showError);
let recolourScale = () => {};
const theme = new ThemeSwitch(() => {
  searchPage.recolour();
  recolourScale();
});
const opened = Promise.withResolvers<VectorStore>();
new Pages({ data: loadData, scale: loadScale }, showError).show();
useShortcuts({
  t: () => theme.next(),
  m: () => byId('map-plot', HTMLDivElement).focus(),
});

byId('wordnet-licence', HTMLPreElement).textContent = corpus.licence;
byId('embedder-notice', HTMLPreElement).textContent = embedderNotice;
watchOfflineUse();
useShareLink();
void start();

async function start(): Promise<void> {
  try {
    await run();
  } catch (error) {
    showError(error, () => void start());
  }
}

async function run(): Promise<void> {
  const library = await openLibrary();
  const { store, words, notes } = library;
  opened.resolve(store);
  const device = new DeviceView(store, words);
  const notesView = new NotesView(new Notes(notes), showError);
  const mirror = coalesced(() => mirrorNotes(notes, words));
  const importView = new ImportView(
    () => corpusImport.cancel(),
    () => void corpusImport.resume(),
  );
  const corpusImport = new CorpusImport(words, (state) => {
    importView.show(state);
    if (state.kind === 'failed') showError(state.error, () => void corpusImport.resume());
  });
  const refreshDevice = () => device.refresh().catch((error) => showError(error, () => void refreshDevice()));

  words.on('change', () => {
    void searchPage.refresh();
    void refreshDevice();
  });
  const showNotes = async () => {
    await notesView.refresh();
    await mirror().catch((error) => showError(error, () => void showNotes()));
  };
  notes.on('change', () => void showNotes());
  addEventListener('online', () => void corpusImport.resumeIfUnreachable());

  // The first answer before everything else that keeps the worker busy.
  await searchPage.useWords(words);
  await refreshDevice();
  await showNotes();
  usePanels(library, () => {
    notice.hide();
    void searchPage.search();
    void corpusImport.resume();
  });
  await corpusImport.resume();
}

async function loadData(): Promise<void> {
  const { DataPage } = await import('./data/data-page.js');
  await new DataPage(await opened.promise, showError).refresh();
}

async function loadScale(): Promise<void> {
  const { ScalePage } = await import('./scale/scale-page.js');
  const scalePage = new ScalePage(showError);
  recolourScale = () => scalePage.recolour();
}

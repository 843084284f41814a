import embedderNotice from '../src/client/embedders/assets/NOTICE?raw';
import { corpus } from './corpus.js';
import { CorpusImport } from './corpus-import.js';
import { DeviceView } from './device-view.js';
import { byId } from './dom.js';
import { ImportView } from './import-view.js';
import { Notes } from './notes.js';
import { NotesView } from './notes-view.js';
import { Notice } from './notice.js';
import { watchOfflineUse } from './offline-view.js';
import { Pages } from './pages.js';
import { SearchPage } from './search-page.js';
import { useShortcuts } from './shortcuts.js';
import { ThemeSwitch } from './theme.js';
import { openWords } from './words.js';

const notice = new Notice();
const showError = (error: unknown, retry: () => void) => notice.show(error, retry);
const searchPage = new SearchPage(showError);
const theme = new ThemeSwitch(() => searchPage.recolour());
new Pages({}).show();
useShortcuts({
  t: () => theme.next(),
  m: () => byId('map-plot', HTMLDivElement).focus(),
});

byId('wordnet-licence', HTMLPreElement).textContent = corpus.licence;
byId('embedder-notice', HTMLPreElement).textContent = embedderNotice;
watchOfflineUse();
void start();

async function start(): Promise<void> {
  try {
    await run();
  } catch (error) {
    showError(error, () => void start());
  }
}

async function run(): Promise<void> {
  const { store, words } = await openWords();
  const device = new DeviceView(store, words);
  const notes = new NotesView(new Notes(words), showError);
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
  addEventListener('online', () => void corpusImport.resumeIfUnreachable());

  // The first answer before everything else that keeps the worker busy.
  await searchPage.useWords(words);
  await refreshDevice();
  await notes.refresh();
  await corpusImport.resume();
}

import { byId } from './dom.js';

/** Says when the page has all it needs to start without the network: once its service worker is active. */
export function watchOfflineUse(): void {
  const line = byId('offline', HTMLParagraphElement);
  const show = (state: string, text: string) => {
    line.dataset.state = state;
    line.textContent = text;
  };
  // Browsers have service workers on secure origins only; `vite` without a build makes none.
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) {
    show('unavailable', 'needs the network to start');
    return;
  }
  show('preparing', 'preparing offline use…');
  // Later than what the first answer needs.
  addEventListener('load', () => void navigator.serviceWorker.register('./sw.js', { scope: './' }));
  void navigator.serviceWorker.ready.then(() => show('ready', 'works offline now'));
}

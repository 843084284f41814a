import { byId } from './dom.js';

const SAID_FOR_MS = 4_000;

/** One click copies the address, in which the question is with its filters. */
export function useShareLink(): void {
  const share = byId('share', HTMLButtonElement);
  const said = byId('share-said', HTMLSpanElement);
  share.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = 'Copied.';
    } catch {
      said.textContent = 'This browser does not allow it: copy the address above instead.';
    }
    setTimeout(() => {
      said.textContent = '';
    }, SAID_FOR_MS);
  });
}

import { byId } from './dom.js';

/** Keys of the whole page, off while something is typed: `actions` by key, and `?` for the list of them all. */
export function useShortcuts(actions: Readonly<Record<string, () => void>>): void {
  const list = byId('shortcuts', HTMLDialogElement);
  const showList = () => list.showModal();
  byId('show-shortcuts', HTMLButtonElement).addEventListener('click', showList);
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || list.open) return;
    if ((event.target as HTMLElement).matches('input, textarea, select')) return;
    const action = event.key === '?' ? showList : actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}

/** `/` goes to the search box, the arrows through the results, Escape clears. */
export function useKeyboard(input: HTMLInputElement, items: () => HTMLElement[], clear: () => void): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target as HTMLElement;
    const results = items();
    const at = results.indexOf(target);
    const goTo = (place: HTMLElement | undefined) => {
      event.preventDefault();
      place?.focus();
    };
    if (event.key === '/' && !(target instanceof HTMLInputElement)) {
      goTo(input);
      input.select();
    } else if (event.key === 'Escape' && (target === input || at !== -1)) {
      clear();
      goTo(input);
    } else if (target === input && event.key === 'ArrowDown') goTo(results[0]);
    else if (at !== -1 && event.key === 'ArrowDown') goTo(results[at + 1]);
    else if (at !== -1 && event.key === 'ArrowUp') goTo(results[at - 1] ?? input);
    else if (at !== -1 && event.key === 'Home') goTo(results[0]);
    else if (at !== -1 && event.key === 'End') goTo(results.at(-1));
  });
}

/** What stands after `#` in the address: it outlives a reload, and can be shared. */
export function addressed(name: string): string | undefined {
  return new URLSearchParams(location.hash.slice(1)).get(name) ?? undefined;
}

/** Sets or, with `undefined`, removes. `isStep`: the browser's back button undoes it. */
export function changeAddress(changes: Record<string, string | undefined>, isStep = false): void {
  const address = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) address.delete(name);
    else address.set(name, value);
  }
  const hash = address.size === 0 ? '' : `#${address}`;
  if (hash === location.hash) return;
  const url = `${location.pathname}${location.search}${hash}`;
  if (isStep) history.pushState(null, '', url);
  else history.replaceState(null, '', url);
}

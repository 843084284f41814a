const LOCK = 'nearshore-demo-tab';

/** Makes this tab one of those that `countTabs` counts, for as long as it is open. */
export function joinTabs(): void {
  void navigator.locks?.request(LOCK, { mode: 'shared' }, () => new Promise(() => {}));
}

/** Tabs of this page on this device; `undefined` without Web Locks. */
export async function countTabs(): Promise<number | undefined> {
  const { held } = (await navigator.locks?.query()) ?? {};
  return held?.filter(({ name }) => name === LOCK).length;
}

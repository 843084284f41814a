/** `fetch` of this scope can be cut off. Returns the switch. */
export function wrapFetch(): (offline: boolean) => void {
  let isOffline = false;
  const { fetch } = globalThis;
  globalThis.fetch = (...args) =>
    // As browsers do without a network.
    isOffline ? Promise.reject(new TypeError('Failed to fetch')) : fetch(...args);
  return (offline) => {
    isOffline = offline;
  };
}

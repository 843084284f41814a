/**
 * A lock that ends with this worker, whatever ends it: whoever waits for it learns of the worker's death.
 * Resolves to its name; `undefined` where the browser has no Web Locks.
 */
export function holdLockWhileAlive(): Promise<string | undefined> {
  const locks = globalThis.navigator?.locks;
  if (locks === undefined) return Promise.resolve(undefined);
  const name = `nearshore:worker:${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
  return new Promise((resolve) => {
    const never = new Promise(() => {});
    locks
      .request(name, () => {
        resolve(name);
        return never;
      })
      .catch(() => resolve(undefined));
  });
}

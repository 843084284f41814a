import type { Network } from './surroundings.js';

/** What the browser says of the network, in this worker. */
export const workerNetwork: Network = {
  // Node has no such thing, and a browser that says nothing may well be online.
  get online() {
    return globalThis.navigator?.onLine !== false;
  },
  onChange(listener) {
    for (const event of ['online', 'offline']) addEventListener(event, listener);
    return () => {
      for (const event of ['online', 'offline']) removeEventListener(event, listener);
    };
  },
};

import { Connections } from './connections.js';
import { recordGpuDevices } from './gpu-devices.js';
import { wrapFetch } from './network.js';
import { Rules } from './rules.js';
import { wrapStorage } from './wrap-storage.js';

export interface InstalledFaults {
  readonly rules: Rules;
  readonly connections: Connections;
  readonly loseGpu: () => void;
  readonly setOffline: (offline: boolean) => void;
}

export interface Listeners {
  /** A transaction that writes has begun or ended; so many are open. */
  readonly onWriting?: (open: number) => void;
  readonly onCommitted?: () => void;
}

let installed: InstalledFaults | undefined;

/** Wraps the browser's functions of this scope, once and for good: without rules they do what they did. */
export function installFaults({
  onWriting = () => {},
  onCommitted = () => {},
}: Listeners = {}): InstalledFaults {
  if (installed !== undefined) return installed;
  const rules = new Rules();
  const connections = new Connections(onWriting);
  wrapStorage(rules, connections, onCommitted);
  installed = { rules, connections, loseGpu: recordGpuDevices(), setOffline: wrapFetch() };
  return installed;
}

import type { MetricsRecorder } from '../metrics.js';
import type { SyncTransport } from './transport.js';

/** Counts pushes and pulls, with the time from request to answer. */
export function measured(transport: SyncTransport, metrics: MetricsRecorder): SyncTransport {
  return {
    ...transport,
    push: (request, signal) => metrics.time('push', () => transport.push(request, signal)),
    pull: (request, signal) => metrics.time('pull', () => transport.pull(request, signal)),
  };
}

import type { OpenReport } from './one.js';

/**
 * What a page cannot do alone. `npm run bench` gives all of it from outside the browser; opened by hand, the page
 * has an iframe for the fresh page and goes without the rest.
 */
export interface Host {
  /** Loads one.html with this query and fragment in a page of its own; settles with what it reports. */
  openFresh(url: string): Promise<OpenReport>;
  /** The same, and the memory of that page's renderer process once it has settled. */
  memory(url: string): Promise<MemoryReport | undefined>;
  /** Bytes that all processes of the browser have sent to the disk so far, as the kernel counts them. */
  writtenBytes(): Promise<number | undefined>;
}

export interface MemoryReport {
  /** Proportional set size in bytes: private memory and a share of what is shared. */
  pssBytes: number;
  /** The most that was ever resident, in bytes. */
  peakBytes: number;
}

declare global {
  interface Window {
    /** Bound by bench/run.mjs. */
    benchHost?: (method: keyof Host, url?: string) => Promise<unknown>;
    benchReport?: (report: OpenReport) => Promise<void>;
  }
}

export function findHost(): Host {
  const bound = window.benchHost;
  if (!bound)
    return { openFresh: openInFrame, memory: async () => undefined, writtenBytes: async () => undefined };
  return {
    openFresh: (url) => bound('openFresh', url) as Promise<OpenReport>,
    memory: (url) => bound('memory', url) as Promise<MemoryReport | undefined>,
    writtenBytes: () => bound('writtenBytes') as Promise<number | undefined>,
  };
}

function openInFrame(url: string): Promise<OpenReport> {
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.src = url;
  return new Promise((resolve, reject) => {
    const receive = ({ data, source }: MessageEvent<OpenReport>) => {
      if (source !== frame.contentWindow) return;
      removeEventListener('message', receive);
      frame.remove();
      if (data.error === undefined) resolve(data);
      else reject(new Error(data.error));
    };
    addEventListener('message', receive);
    document.body.append(frame);
  });
}

// A page that opens one system and answers one query: for cold opens and for memory.
import type { Answer, SystemName } from './peers/contract.js';
import { makeSystem } from './peers/make.js';

export interface OpenReport {
  /** From the start of the navigation to the opened store. */
  openMs: number;
  /** From the start of the navigation to the first answer. */
  firstResultMs: number;
  answer: Answer | undefined;
  /** Set if it failed. */
  error?: string;
}

declare global {
  interface Window {
    /** Set once the first query has been answered. */
    benchQueryAgain: () => Promise<unknown>;
  }
}

export interface OneParams {
  /** `'none'`: an empty page. */
  system: SystemName | 'none';
  dimension: number;
  capacity: number;
  topK: number;
  ef: number;
  m: number;
  efConstruction: number;
}

/** Address of this page; the query vector travels in the fragment, so that nothing has to be sent later. */
export function oneUrl(params: OneParams, vector: Float32Array): string {
  const search = new URLSearchParams(Object.entries(params).map(([key, value]) => [key, String(value)]));
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  return new URL(`one.html?${search}#${btoa(String.fromCharCode(...bytes))}`, document.baseURI).href;
}

export async function runOne(): Promise<void> {
  const search = new URLSearchParams(location.search);
  const number = (key: keyof OneParams) => Number(search.get(key));
  const system = search.get('system') as OneParams['system'];
  let report: OpenReport;
  try {
    report = await openAndQuery(system, {
      shape: { dimension: number('dimension'), capacity: number('capacity') },
      build: { m: number('m'), efConstruction: number('efConstruction') },
      ef: number('ef'),
      topK: number('topK'),
      vector: new Float32Array(Uint8Array.from(atob(location.hash.slice(1)), (c) => c.charCodeAt(0)).buffer),
    });
  } catch (error) {
    report = { openMs: 0, firstResultMs: 0, answer: undefined, error: String(error) };
  }
  if (window.benchReport) await window.benchReport(report);
  else parent.postMessage(report, location.origin);
}

interface Job {
  shape: { dimension: number; capacity: number };
  build: { m: number; efConstruction: number };
  ef: number;
  topK: number;
  vector: Float32Array;
}

async function openAndQuery(name: OneParams['system'], job: Job): Promise<OpenReport> {
  window.benchQueryAgain = async () => undefined;
  if (name === 'none') return { openMs: 0, firstResultMs: performance.now(), answer: undefined };
  const system = await makeSystem(name, { build: job.build });
  await system.open(job.shape);
  const openMs = performance.now();
  await system.setEf?.(job.ef);
  const query = () => system.query(job.vector, job.topK);
  const answer = await query();
  window.benchQueryAgain = query;
  return { openMs, firstResultMs: performance.now(), answer };
}

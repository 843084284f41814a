// A page that opens one system and answers one query: for cold opens and for memory.
import type { Answer, Effort, SystemName } from './peers/contract.js';
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
  /** Empty: the system's default. */
  effort: Effort | '';
  m: number;
  efConstruction: number;
}

/**
 * Address of this page. The vectors travel in the fragment, so that nothing has to be sent later: the first query, and
 * another one for later (the first one again might be answered from memory).
 */
export function oneUrl(params: OneParams, vectors: readonly [Float32Array, Float32Array]): string {
  const search = new URLSearchParams(Object.entries(params).map(([key, value]) => [key, String(value)]));
  return new URL(`one.html?${search}#${vectors.map(toBase64).join()}`, document.baseURI).href;
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
      effort: search.get('effort') === '' ? undefined : number('effort'),
      topK: number('topK'),
      vectors: location.hash.slice(1).split(',').map(fromBase64),
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
  effort: Effort;
  topK: number;
  vectors: Float32Array[];
}

async function openAndQuery(name: OneParams['system'], job: Job): Promise<OpenReport> {
  window.benchQueryAgain = async () => undefined;
  if (name === 'none') return { openMs: 0, firstResultMs: performance.now(), answer: undefined };
  const system = await makeSystem(name, { build: job.build });
  await system.open(job.shape);
  const openMs = performance.now();
  await system.setEffort?.(job.effort);
  const [first, second] = job.vectors;
  const answer = await system.query(first!, job.topK);
  window.benchQueryAgain = () => system.query(second!, job.topK);
  return { openMs, firstResultMs: performance.now(), answer };
}

function toBase64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return btoa(String.fromCharCode(...new Uint8Array(buffer, byteOffset, byteLength)));
}

function fromBase64(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

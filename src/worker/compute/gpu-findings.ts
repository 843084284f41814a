import type { Metric } from '../../shared/types.js';
import { RELEASE } from '../release.js';
import type { WebGpuAdapter } from './webgpu-device.js';

// What was measured on a device, as a store remembers it. Derived: what is lost, or of another device, is measured again.

export interface GpuFindings {
  /** GPU and versions that it was measured with. */
  readonly device: string;
  /** By dimension and metric: rows from which on the GPU is the faster one; Infinity: never. */
  readonly crossovers: Readonly<Record<string, number>>;
}

/** Where findings are kept from one visit to the next. */
export interface GpuMemory {
  read(): Promise<GpuFindings | undefined>;
  write(findings: GpuFindings): Promise<void>;
}

export interface GpuWork {
  readonly dimension: number;
  readonly metric: Metric;
}

/** Other versions may be faster or slower. A test compares this with package.json. */
export const MEASURED_WITH = `nearshore ${RELEASE}, onnxruntime-web 1.30.0`;

/** Undefined: not known of this device. */
export function knownCrossover(
  findings: GpuFindings | undefined,
  adapter: WebGpuAdapter,
  work: GpuWork,
): number | undefined {
  if (findings?.device !== deviceOf(adapter)) return undefined;
  const rows: unknown = findings.crossovers[workKey(work)];
  return typeof rows === 'number' && rows >= 0 ? rows : undefined;
}

export function withCrossover(
  findings: GpuFindings | undefined,
  adapter: WebGpuAdapter,
  work: GpuWork,
  rows: number,
): GpuFindings {
  const device = deviceOf(adapter);
  const known = findings?.device === device ? findings.crossovers : {};
  return { device, crossovers: { ...known, [workKey(work)]: rows } };
}

function workKey({ dimension, metric }: GpuWork): string {
  return `${dimension} ${metric}`;
}

function deviceOf({ vendor, architecture, description }: WebGpuAdapter): string {
  return [vendor, architecture, description, MEASURED_WITH].join('; ');
}

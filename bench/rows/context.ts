import type { Dataset } from '../data/dataset.js';
import type { Host } from '../host.js';
import type { Params, RowName } from '../params.js';
import type { Effort, Shape, System, SystemName } from '../peers/contract.js';
import type { Measurement } from '../results.js';
import type { FilteredTruth, Truth } from './truth.js';

/** What a row needs to measure one data set. */
export interface Context {
  readonly params: Params;
  readonly data: Dataset;
  readonly shape: Shape;
  readonly truth: Truth;
  readonly host: Host;
  /** Step of the page's clock in ms. */
  readonly tick: number;
  /** Systems with the data in memory. */
  readonly lanes: Lanes;
  /** `counting`: so that upserts tell what they gave to IndexedDB. */
  start(name: SystemName, counting?: boolean): Promise<System>;
  log(text: string): void;
}

/** The same systems in different settings. */
export interface Lanes {
  /** Every answer is exact. */
  readonly exact: readonly Lane[];
  /** One for each setting that a wanted recall takes, and JS brute force to compare with. */
  readonly tuned: readonly Lane[];
  /** As an application would use them: nearshore by its defaults, hnswlib-wasm as tuned. */
  readonly plain: readonly Lane[];
  /** One for each setting that was tried, whatever recall it gives. */
  readonly tried: readonly Lane[];
}

/** A system as it is set for a measurement. */
export interface Lane {
  readonly name: SystemName;
  readonly system: System;
  readonly effort?: Effort;
  /** `effort` in words. */
  readonly setting?: string;
  /** Mean recalls that this setting is the least one for. */
  readonly wanted?: readonly number[];
}

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly unit: 'ms' | 'bytes' | 'share' | 'per second' | 'times' | 'count';
}

/** A row of the benchmark: one thing measured on every system. */
export interface RowKind {
  readonly name: RowName;
  readonly title: string;
  readonly columns: readonly Column[];
  /** Column that systems are compared by. */
  readonly principal: string;
  /** `'loaded'`: systems have the data in memory; `'stored'`: it is on disk only, and no worker runs. */
  readonly needs: 'loaded' | 'stored';
  /** Filters whose truth it takes. */
  readonly filters?: readonly FilteredTruth[];
  measure(context: Context): Promise<Measurement[]>;
}

/** Lets the page breathe: show progress, take messages. */
export function pause(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Sets a lane's system as the lane is meant. */
export async function take({ system, effort }: Lane): Promise<System> {
  await system.setEffort?.(effort);
  return system;
}

/** Starts a measurement of a lane. */
export function measurement(row: RowName, { name, setting }: Pick<Lane, 'name' | 'setting'>): Measurement {
  return { row, system: name, ...(setting === undefined ? {} : { variant: setting }), values: {}, notes: [] };
}

/** A lane that serves several wanted recalls is measured once and shown for each of them. */
export function forEachWanted(measured: Measurement, { wanted = [] }: Lane): Measurement[] {
  if (wanted.length === 0) return [measured];
  return wanted.map((recall) => ({
    ...measured,
    wanted: recall,
    variant: `recall ≥ ${recall}, ${measured.variant}`,
  }));
}

/** Adds a note unless it is there already. */
export function note(target: Measurement, text: string | undefined): void {
  if (text !== undefined && !target.notes.includes(text)) target.notes.push(text);
}

/** Says so where an index left answers to an exact search: `share` of them. */
export function noteExact(target: Measurement, share: number): void {
  if (share > 0)
    note(
      target,
      `${share === 1 ? 'exact plan' : `${Math.round(share * 100)} % of the answers by the exact plan`}`,
    );
}

/** Those whose system has filters. */
export function filtering(lanes: readonly Lane[]): Lane[] {
  return lanes.filter(({ system }) => system.queryFiltered);
}

/** The first lane of each system. */
export function firstOfEach(lanes: readonly Lane[]): Lane[] {
  return lanes.filter((lane, i) => lanes.findIndex(({ name }) => name === lane.name) === i);
}

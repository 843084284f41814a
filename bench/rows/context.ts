import type { Dataset } from '../data/dataset.js';
import type { Host } from '../host.js';
import type { Params, RowName } from '../params.js';
import type { Shape, System, SystemName } from '../peers/contract.js';
import type { Measurement } from '../results.js';
import type { Truth } from './truth.js';

/** What a row needs to measure one data set. */
export interface Context {
  readonly params: Params;
  readonly data: Dataset;
  readonly shape: Shape;
  readonly truth: Truth;
  readonly host: Host;
  /** Step of the page's clock in ms. */
  readonly tick: number;
  /** Systems with the data in memory; the first hnsw lane is the one with the lowest recall wanted. */
  readonly lanes: readonly Lane[];
  /** `counting`: so that upserts tell what they gave to IndexedDB. */
  start(name: SystemName, counting?: boolean): Promise<System>;
  log(text: string): void;
}

/** A system as it is set for a measurement. */
export interface Lane {
  readonly name: SystemName;
  readonly system: System;
  readonly variant?: string;
  readonly ef?: number;
}

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly unit: 'ms' | 'bytes' | 'share' | 'per second' | 'times';
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
  measure(context: Context): Promise<Measurement[]>;
}

/** Lets the page breathe: show progress, take messages. */
export function pause(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Starts a measurement of a lane. */
export function measurement(row: RowName, lane: Pick<Lane, 'name' | 'variant'>): Measurement {
  const { name: system, variant } = lane;
  return { row, system, ...(variant === undefined ? {} : { variant }), values: {}, notes: [] };
}

/** Adds a note unless it is there already. */
export function note(target: Measurement, text: string | undefined): void {
  if (text !== undefined && !target.notes.includes(text)) target.notes.push(text);
}

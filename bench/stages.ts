import { type Dataset, type HeldOut, MOST_IN_MEMORY, rawBytes } from './data/dataset.js';
import { GLOVE_WORDS, glove } from './data/glove.js';
import { mixture } from './data/mixture.js';
import type { Host } from './host.js';
import { type Params, sizeLabel } from './params.js';
import { IN_PARTS, LABELS, MOST_ROWS, type SystemName } from './peers/contract.js';
import { makeSystem } from './peers/make.js';
import type { CurvePoint, Measurement, SetResults } from './results.js';
import { searching } from './rows/cache-hits.js';
import { type Context, type Lane, pause } from './rows/context.js';
import { measureCurve } from './rows/curve.js';
import { ROWS } from './rows/index.js';
import { ingestAll } from './rows/ingest.js';
import { findTruth } from './rows/truth.js';
import { makeLanes } from './rows/tune.js';

export interface Run {
  readonly params: Params;
  readonly host: Host;
  readonly tick: number;
  log(text: string): void;
}

/** GloVe's size, at which nothing else is measured: its graph alone takes seven minutes to build. */
const ALL_OF_GLOVE = 341_000;

/** Why there is no such set; undefined: there is. */
export function whyNot(name: Dataset['name'], size: number): string | undefined {
  if (name === 'mixture' && size === ALL_OF_GLOVE) return 'this size is for GloVe alone';
  if (name === 'glove' && size > GLOVE_WORDS) return `GloVe has ${GLOVE_WORDS} words`;
  return undefined;
}

/** One data set at one size, from making the data to deleting it: an index is built once and used by all rows. */
export async function runSet(run: Run, name: Dataset['name'], size: number): Promise<SetResults> {
  const { params, log } = run;
  const set = `${name} ${sizeLabel(size)}`;
  const wanted = ROWS.filter((row) => params.rows.includes(row.name));
  log(`${set}: making the data`);
  const data = await makeData(name, size, params);
  const isLarge = rawBytes(data) > MOST_IN_MEMORY;
  const isGiven = (peer: SystemName) =>
    isLarge ? IN_PARTS.includes(peer) : size <= (MOST_ROWS[peer] ?? size);
  const peers = params.peers.filter(isGiven);
  const skipped = params.peers
    .filter((peer) => !isGiven(peer))
    .map((peer) =>
      isLarge
        ? `${LABELS[peer]}: ${(rawBytes(data) / 1e9).toFixed(1)} GB of vectors are not given to it`
        : `${LABELS[peer]}: it is measured up to ${sizeLabel(MOST_ROWS[peer]!)} rows`,
    );
  log(`${set}: finding the true neighbours`);
  const filters = wanted.flatMap((row) => row.filters ?? []);
  const truth = await findTruth(data, params.topK, filters, pause);
  const shape = { dimension: data.dimension, capacity: data.size + data.extra.length };
  const { m, efConstruction } = params;
  const start: Context['start'] = (system, counting = false) =>
    makeSystem(system, { build: { m, efConstruction }, counting });
  const basis = { ...run, data, shape, truth, start };
  const measurements: Measurement[] = [];
  const curve: CurvePoint[] = [];
  const failures: string[] = [];
  const attempt = async (what: string, task: () => Promise<void>) => {
    log(`${set}: ${what}`);
    try {
      await task();
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : error}`);
      log(`  failed: ${failures.at(-1)}`);
    }
  };

  const rounds = params.rows.includes('ingest') && !isLarge ? params.rounds : 1;
  const stored = await ingestAll(basis, peers, rounds);
  if (params.rows.includes('ingest')) measurements.push(...stored.measurements);
  const filtered = wanted.filter(({ filters }) => filters).map((row) => row.name);
  if (filtered.length > 0) {
    skipped.push(
      ...withoutFilter(stored.loaded).map((label) => `${label}: it has no filters (${filtered.join(', ')})`),
    );
  }
  log(`${set}: tuning`);
  const lanes = await makeLanes(stored.loaded, data, truth, params.topK);
  const context: Context = { ...basis, lanes };
  for (const row of wanted.filter(({ needs }) => needs === 'loaded')) {
    await attempt(row.title, async () => {
      measurements.push(...(await searching(stored.loaded, () => row.measure(context))));
    });
  }
  if (params.rows.includes('index')) {
    await attempt('Latency against recall', async () => {
      curve.push(...(await searching(stored.loaded, () => measureCurve(context))));
    });
  }
  for (const { system } of stored.loaded) await system.close();
  for (const row of wanted.filter(({ needs }) => needs === 'stored')) {
    await attempt(row.title, async () => {
      measurements.push(...(await row.measure(context)));
    });
  }
  for (const { name: system } of stored.loaded) {
    const last = await basis.start(system);
    await last.destroy();
    await last.close();
  }
  return { data: name, size, dimension: data.dimension, measurements, curve, skipped, failures };
}

function withoutFilter(loaded: readonly Lane[]): string[] {
  return loaded.filter(({ system }) => !system.queryFiltered).map(({ name }) => LABELS[name]);
}

function makeData(name: Dataset['name'], size: number, params: Params): Promise<Dataset> {
  const { tuning, queries, upserts } = params;
  const heldOut: HeldOut = { tuning, queries, extra: upserts + 1 };
  return name === 'mixture' ? mixture(size, heldOut, pause) : glove(size, heldOut);
}

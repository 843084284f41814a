import type { Dataset, HeldOut } from './data/dataset.js';
import { glove } from './data/glove.js';
import { mixture } from './data/mixture.js';
import type { Host } from './host.js';
import { type Params, sizeLabel } from './params.js';
import { makeSystem } from './peers/make.js';
import type { Measurement, SetResults } from './results.js';
import { type Context, type Lane, pause, type RowKind } from './rows/context.js';
import { ROWS } from './rows/index.js';
import { ingestAll } from './rows/ingest.js';
import { Truth } from './rows/truth.js';
import { tuneHnsw } from './rows/tune.js';

export interface Run {
  readonly params: Params;
  readonly host: Host;
  readonly tick: number;
  log(text: string): void;
}

/** One data set at one size, from making the data to deleting it: an index is built once and used by all rows. */
export async function runSet(run: Run, name: Dataset['name'], size: number): Promise<SetResults> {
  const { params, log } = run;
  log(`${name} ${sizeLabel(size)}: making the data`);
  const data = await makeData(name, size, params);
  const truth = new Truth(data, params.topK, pause);
  const shape = { dimension: data.dimension, capacity: size + data.extra.length };
  const { m, efConstruction } = params;
  const start: Context['start'] = (system, counting = false) =>
    makeSystem(system, { build: { m, efConstruction }, counting });
  const basis = { ...run, data, shape, truth, start };
  const measurements: Measurement[] = [];
  const wanted = ROWS.filter((row) => params.rows.includes(row.name));

  const rounds = params.rows.includes('ingest') ? params.rounds : 1;
  const stored = await ingestAll(basis, params.peers, rounds);
  if (params.rows.includes('ingest')) measurements.push(...stored.measurements);
  const lanes = await tuned(stored.lanes, data, truth, params);
  const context: Context = { ...basis, lanes };
  const failures: string[] = [];
  const measure = async (needs: RowKind['needs']) => {
    for (const row of wanted.filter((one) => one.needs === needs)) {
      log(`${name} ${sizeLabel(size)}: ${row.title}`);
      try {
        measurements.push(...(await row.measure(context)));
      } catch (error) {
        failures.push(`${row.title}: ${error instanceof Error ? error.message : error}`);
        log(`  failed: ${failures.at(-1)}`);
      }
    }
  };
  await measure('loaded');
  for (const { system } of stored.lanes) await system.close();
  await measure('stored');
  for (const { name: system } of stored.lanes) {
    const last = await basis.start(system);
    await last.destroy();
    await last.close();
  }
  return { data: name, size, dimension: data.dimension, measurements, failures };
}

/** The lanes with an index split up by wanted recall. */
async function tuned(lanes: readonly Lane[], data: Dataset, truth: Truth, params: Params): Promise<Lane[]> {
  const result: Lane[] = [];
  for (const lane of lanes) {
    if (lane.system.setEf) result.push(...(await tuneHnsw(lane.system, data, truth, params.topK)));
    else result.push(lane);
  }
  return result;
}

function makeData(name: Dataset['name'], size: number, params: Params): Promise<Dataset> {
  const heldOut: HeldOut = { tuning: params.tuning, queries: params.queries, extra: params.upserts + 1 };
  return name === 'mixture' ? mixture(size, heldOut, pause) : glove(size, heldOut);
}

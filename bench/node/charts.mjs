// The results of runs as Vega-Lite charts.

const SYSTEMS = [
  { name: 'nearshore', label: 'nearshore', colour: '#0f9d8f' },
  { name: 'nearshore-onnx', label: "nearshore, kernel 'onnx'", colour: '#c2410c' },
  { name: 'nearshore-auto', label: 'nearshore', colour: '#0f9d8f' },
  { name: 'nearshore-int16', label: 'nearshore, int16', colour: '#3c9c91' },
  { name: 'nearshore-int8', label: 'nearshore, int8', colour: '#6db7ae' },
  { name: 'hnsw', label: 'hnswlib-wasm', colour: '#8b5cf6' },
  { name: 'js', label: 'JS brute force', colour: '#d19a00' },
  { name: 'voy', label: 'voy-search', colour: '#c2427e' },
  { name: 'orama', label: 'orama', colour: '#4a7fc1' },
  { name: 'sqlite-vec', label: 'sqlite-vec', colour: '#7a8b2f' },
];

/** What the plots of latency against recall are drawn of. */
const CURVES = [
  { data: 'mixture', size: 100_000 },
  { data: 'glove', size: 100_000 },
  { data: 'glove', size: 341_000 },
];

/** Below, no one would use an index. */
const LEAST_RECALL = 0.75;

/** [{ name, spec }], those that the runs have figures for. */
export function charts({ sets }) {
  const curves = CURVES.flatMap(({ data, size }) => {
    const set = sets.find((one) => one.data === data && one.size === size);
    return set?.curve?.length > 0 ? [curveChart(set)] : [];
  });
  return [...curves, ...barCharts(sets)];
}

function curveChart(set) {
  const tuned = set.curve
    .filter(({ recall, exact }) => recall >= LEAST_RECALL && exact < 1)
    .map(({ system, insideP50, recall }) => ({ system: labelOf(system), recall, ms: insideP50 }));
  const exact = set.measurements
    .filter(({ row }) => row === 'exact')
    .map(({ system, values }) => ({ system: labelOf(system), recall: values.recall, ms: values.insideP50 }));
  const encoding = {
    x: {
      field: 'recall',
      type: 'quantitative',
      title: 'recall@10, mean of held-out queries',
      scale: { zero: false, nice: false, padding: 8 },
    },
    y: {
      field: 'ms',
      type: 'quantitative',
      title: 'p50 in the worker, ms (logarithmic)',
      scale: { type: 'log', nice: false, padding: 12 },
    },
    color: colourOf([...tuned, ...exact].map(({ system }) => system)),
    order: { field: 'ms' },
  };
  return {
    name: `latency-recall-${set.data}-${sizeOf(set)}`,
    spec: {
      title: {
        text: `Latency against recall: ${titleOf(set)}`,
        subtitle: 'top 10, one query at a time; lines: by the index, diamonds: exact. Lower right is better',
      },
      width: 560,
      height: 320,
      layer: [
        { data: { values: tuned }, mark: { type: 'line', point: { size: 40 }, strokeWidth: 2 }, encoding },
        {
          data: { values: exact },
          mark: { type: 'point', shape: 'diamond', filled: true, opacity: 1, size: 120 },
          encoding,
        },
      ],
    },
  };
}

function barCharts(sets) {
  return [
    barChart(sets, {
      name: 'build-time',
      title: 'Build: from the arrays in the page to the trained, durable index',
      unit: 'seconds (logarithmic)',
      row: 'ingest',
      systems: ['nearshore', 'hnsw'],
      figure: ({ trainedMs }) => trainedMs / 1_000,
      isLogarithmic: true,
    }),
    barChart(sets, {
      name: 'memory',
      title: 'Memory of the page, open and answering, above an empty page',
      unit: '× raw float32 vectors',
      row: 'memory',
      systems: ['nearshore-auto', 'nearshore-int16', 'nearshore-int8', 'hnsw', 'js'],
      figure: ({ times }) => times,
    }),
  ].filter((chart) => chart !== undefined);
}

function barChart(sets, { name, title, unit, row, systems, figure, isLogarithmic = false }) {
  const values = sets.flatMap((set) =>
    set.measurements
      .filter((one) => one.row === row && systems.includes(one.system))
      .map((one) => ({ set: titleOf(set), system: labelOf(one.system), value: figure(one.values) }))
      .filter(({ value }) => Number.isFinite(value)),
  );
  if (values.length === 0) return undefined;
  const encoding = {
    y: { field: 'set', type: 'nominal', title: null, sort: null },
    yOffset: { field: 'system', sort: SYSTEMS.map(({ label }) => label) },
    x: {
      field: 'value',
      type: 'quantitative',
      title: unit,
      ...(isLogarithmic ? { scale: { type: 'log', nice: false, padding: 30 } } : {}),
    },
    color: colourOf(values.map(({ system }) => system)),
  };
  // A bar's length means nothing on a logarithmic scale.
  const mark = isLogarithmic ? { type: 'point', filled: true, opacity: 1, size: 90 } : { type: 'bar' };
  const label = { type: 'text', align: 'left', dx: isLogarithmic ? 9 : 4, fontSize: 11 };
  return {
    name,
    spec: {
      title,
      data: { values },
      width: 480,
      height: { step: 18, for: 'offset' },
      layer: [
        { mark, encoding },
        { mark: label, encoding: { ...encoding, text: { field: 'value', format: ',.3~r' } } },
      ],
    },
  };
}

function colourOf(present) {
  const shown = SYSTEMS.filter(
    ({ label }, i) => present.includes(label) && SYSTEMS.findIndex((other) => other.label === label) === i,
  );
  return {
    field: 'system',
    type: 'nominal',
    title: null,
    scale: { domain: shown.map(({ label }) => label), range: shown.map(({ colour }) => colour) },
    legend: { orient: 'top' },
  };
}

function labelOf(system) {
  return SYSTEMS.find(({ name }) => name === system).label;
}

function titleOf(set) {
  return `${set.data} ${sizeOf(set)} × ${set.dimension}`;
}

function sizeOf({ size }) {
  return size % 1_000_000 === 0 ? `${size / 1_000_000}M` : `${size / 1_000}k`;
}

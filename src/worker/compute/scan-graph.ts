import type { Metric } from '../../shared/types.js';
import { encodeModel, type Initializer, type ModelNode, node, tensor, type ValueInfo } from './onnx-model.js';

// The graph of rows that are fed: query to best rows in one run.
//
//   similarity = Gemm(query, rowsᵀ) …by metric…  + mask → TopK → (l2: exact distances of the candidates → TopK)
//
// `mask` has one column (nothing excluded) or one per row: 0 or −∞. Under l2 rows and queries are given relative to a
// centre near the rows: a translation keeps distances, and 2q·x − |x|² loses the digits that the centre would take.

const INT32 = 6;

export function scanGraph(metric: Metric, dimension: number): Uint8Array {
  const inputs: ValueInfo[] = [
    { name: 'query', type: 'float32', shape: ['b', dimension] },
    { name: 'rows', type: 'float32', shape: ['n', dimension] },
    { name: 'mask', type: 'float32', shape: [1, 'm'] },
    { name: 'k', type: 'int64', shape: [1] },
  ];
  const initializers: Initializer[] = [];
  if (metric !== 'dot') inputs.push({ name: 'perRow', type: 'float32', shape: [1, 'n'] });
  if (metric === 'l2') {
    inputs.push({ name: 'candidates', type: 'int64', shape: [1] });
    initializers.push(
      tensor('axis1', 'int64', [1], BigInt64Array.of(1n)),
      tensor('axis2', 'int64', [1], BigInt64Array.of(2n)),
    );
  }
  return encodeModel({
    name: `scan-${metric}`,
    inputs,
    outputs: [
      { name: 'similarities', type: 'float32', shape: ['b', 'k'] },
      { name: 'found', type: 'int32', shape: ['b', 'k'] },
    ],
    nodes: [...scoring(metric), ...selection(metric)],
    initializers,
    opset: 18,
  });
}

/** What `perRow` holds: 1 / |x| under cosine, −|x|² under l2 (of the centred rows). */
export function perRowTerm(metric: Metric, norms: Float32Array): Float32Array<ArrayBuffer> {
  return metric === 'cosine' ? norms.map((norm) => 1 / norm) : norms.map((norm) => -norm * norm);
}

function scoring(metric: Metric): ModelNode[] {
  if (metric === 'dot') return [node('Gemm', ['query', 'rows'], ['raw'], { transB: 1 })];
  if (metric === 'l2') {
    return [node('Gemm', ['query', 'rows', 'perRow'], ['raw'], { transB: 1, alpha: { float: 2 } })];
  }
  return [
    node('Gemm', ['query', 'rows'], ['products'], { transB: 1 }),
    node('Mul', ['products', 'perRow'], ['raw']),
  ];
}

function selection(metric: Metric): ModelNode[] {
  const masked = node('Add', ['raw', 'mask'], ['masked']);
  if (metric !== 'l2') {
    return [
      masked,
      node('TopK', ['masked', 'k'], ['similarities', 'best']),
      node('Cast', ['best'], ['found'], { to: INT32 }),
    ];
  }
  return [
    masked,
    node('TopK', ['masked', 'candidates'], ['rough', 'candidate']),
    node('Gather', ['rows', 'candidate'], ['near'], { axis: 0 }),
    node('Unsqueeze', ['query', 'axis1'], ['query3']),
    node('Sub', ['near', 'query3'], ['difference']),
    node('ReduceL2', ['difference', 'axis2'], ['distance'], { keepdims: 0 }),
    node('Neg', ['distance'], ['closeness']),
    node('IsInf', ['rough'], ['isExcluded']),
    node('Where', ['isExcluded', 'rough', 'closeness'], ['exact']),
    node('TopK', ['exact', 'k'], ['similarities', 'place']),
    node('GatherElements', ['candidate', 'place'], ['best'], { axis: 1 }),
    node('Cast', ['best'], ['found'], { to: INT32 }),
  ];
}

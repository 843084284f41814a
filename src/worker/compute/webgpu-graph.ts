import { encodeModel, type ModelNode, node, tensor, type ValueInfo } from './onnx-model.js';

// The graphs of rows in GPU memory. Rows are an input, which costs nothing where the tensor is a GPU buffer: one
// session serves all blocks, and the rows can be written while it lives.

/**
 * The best rows of each tile of rows:
 *
 *   score  = Min(MatMul(query, rows) (l2: + terms), cap)
 *   answer = TopK of each tile
 *
 * Tiles are short rows for TopK, which ONNX Runtime sorts: up to 2,048 in one dispatch, more in a hundred and more.
 * `cap` takes the place of scores that do not count. (Not an infinity: shaders need not know any; and not the lowest number,
 * which is what TopK fills rows up with.)
 */
export function tileScanGraph(isL2: boolean): Uint8Array {
  const perTile = (name: string): ValueInfo => ({ name, type: 'float32', shape: ['t', 1, 'l'] });
  const products = isL2 ? 'products' : 'scores';
  const nodes: ModelNode[] = [node('MatMul', ['query', 'rows'], [products])];
  if (isL2) nodes.push(node('Add', ['products', 'terms'], ['scores']));
  nodes.push(node('Min', ['scores', 'cap'], ['capped']), node('TopK', ['capped', 'k'], ['values', 'places']));
  return encodeModel({
    name: isL2 ? 'tile-scan-l2' : 'tile-scan',
    inputs: [
      { name: 'query', type: 'float32', shape: ['b', 'd'] },
      { name: 'rows', type: 'float32', shape: ['t', 'd', 'l'] },
      perTile('cap'),
      ...(isL2 ? [perTile('terms')] : []),
      { name: 'k', type: 'int64', shape: [1] },
    ],
    outputs: [
      { name: 'values', type: 'float32', shape: ['t', 'b', 'k'] },
      { name: 'places', type: 'int64', shape: ['t', 'b', 'k'] },
    ],
    nodes,
    opset: 18,
  });
}

/** Euclidean distances of a query to some rows, from their differences. */
export function distanceGraph(): Uint8Array {
  return encodeModel({
    name: 'distances',
    inputs: [
      { name: 'query', type: 'float32', shape: [1, 'd'] },
      { name: 'numbers', type: 'float32', shape: ['n'] },
      // Where in `numbers` each component is.
      { name: 'places', type: 'int32', shape: ['c', 'd'] },
    ],
    outputs: [{ name: 'distances', type: 'float32', shape: ['c'] }],
    nodes: [
      node('Gather', ['numbers', 'places'], ['near'], { axis: 0 }),
      node('Sub', ['near', 'query'], ['difference']),
      node('ReduceL2', ['difference', 'axis1'], ['distances'], { keepdims: 0 }),
    ],
    initializers: [tensor('axis1', 'int64', [1], BigInt64Array.of(1n))],
    opset: 18,
  });
}

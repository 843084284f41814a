import {
  encodeModel,
  externalTensor,
  type Graph,
  type Initializer,
  type ModelNode,
  node,
  tensor,
  type ValueInfo,
} from './onnx-model.js';
import { LANES, TILE_BITS } from './ort-tiles.js';

// The graph of rows that ONNX Runtime holds: query to best rows in one run, whatever part of them is looked at.
//
//   tiles   = If isWhole: all | If isProbe: Gemm(query, centroidsᵀ) → TopK → their tiles | the tiles that are fed
//   scores  = MatMul(query, rows[tiles]) (l2: 2q·x − |x|²), −∞ where a row is left out
//   answer  = TopK(scores) → row numbers; l2: exact distances of the candidates → TopK
//
// The branches of `If` share one copy of the rows. They have to be gathered to be looked at in part, which costs
// more a row than reading them where they are.

/** The path that the external data of the rows go by. */
export const ROWS_PATH = 'rows';

const FLOAT = 1;
const INT32 = 6;
const BOOL = 9;

export interface HeldShape {
  readonly tiles: number;
  readonly dimension: number;
  /** Whether closeness is the distance; otherwise it is the product. */
  readonly isL2: boolean;
  /** [tiles × 16], added to the products; see `RowTiles.terms`. */
  readonly terms: Float32Array | undefined;
  readonly lists: ListTables | undefined;
}

/** Inverted lists in terms of tiles. Lists begin and end anywhere in a tile. */
export interface ListTables {
  readonly count: number;
  /** Tiles of the longest list. */
  readonly width: number;
  /** [count, width]: each list's tiles; any tile where it has fewer. */
  readonly tiles: Int32Array;
  /** [count, width, 2]: bits of the lanes that are not the list's. */
  readonly outside: Uint8Array;
  /** [count, dimension], as the rows are held. */
  readonly centroids: Float32Array;
  /** [count], added to a list's product with the query. */
  readonly terms: Float32Array;
}

/**
 * Inputs (see `HeldInputs` in ort-block.ts) and outputs: `similarities` and `found`, [b, k], and `lists`, those that
 * were probed.
 */
export function heldGraph(shape: HeldShape): Uint8Array {
  const { dimension, isL2, lists } = shape;
  const query: ValueInfo = { name: 'query', type: 'float32', shape: ['b', dimension] };
  return encodeModel({
    name: 'held-rows',
    inputs: [
      query,
      { name: 'k', type: 'int64', shape: [1] },
      { name: 'isWhole', type: 'bool', shape: [1] },
      { name: 'mask', type: 'float32', shape: [1, 'm'] },
      { name: 'fedTiles', type: 'int32', shape: ['t'] },
      { name: 'fedBits', type: 'uint8', shape: ['t', TILE_BITS] },
      ...(isL2
        ? ([
            { name: 'candidates', type: 'int64', shape: [1] },
            { name: 'isMeasured', type: 'bool', shape: [1] },
          ] as const)
        : []),
      ...(lists === undefined
        ? []
        : ([
            { name: 'isProbe', type: 'bool', shape: [1] },
            { name: 'probes', type: 'int64', shape: [1] },
            { name: 'bits', type: 'uint8', shape: ['e', TILE_BITS] },
            { name: 'lastBits', type: 'int32', shape: [1] },
          ] as const)),
    ],
    outputs: [
      { name: 'similarities', type: 'float32', shape: ['b', 'k'] },
      { name: 'found', type: 'int32', shape: ['b', 'k'] },
      LISTS,
    ],
    nodes: [
      node(isL2 ? 'Add' : 'Identity', isL2 ? ['query', 'query'] : ['query'], ['factor']),
      node('If', ['isWhole'], ['scores', 'tileOf', 'lists'], {
        then_branch: whole(shape),
        else_branch: part(shape),
      }),
      ...(isL2 ? measuredSelection() : selection('scores', 'similarities', 'found', 'k')),
    ],
    initializers: initializers(shape),
    opset: 18,
  });
}

const LISTS: ValueInfo = { name: 'lists', type: 'int64', shape: ['p'] };

function initializers({ tiles, dimension, terms, lists, isL2 }: HeldShape): Initializer[] {
  const rowBytes = tiles * LANES * dimension * 4;
  const rows = { location: ROWS_PATH, offset: 0, length: rowBytes };
  const all: Initializer[] = [
    externalTensor('rows', 'float32', [tiles, dimension, LANES], rows),
    tensor(
      'allTiles',
      'int32',
      [tiles],
      Int32Array.from({ length: tiles }, (_, tile) => tile),
    ),
    tensor('noLists', 'int64', [1], BigInt64Array.of(-1n)),
    tensor('lanes', 'int32', [1], Int32Array.of(LANES)),
    tensor('eachBit', 'uint8', [8], Uint8Array.of(1, 2, 4, 8, 16, 32, 64, 128)),
    tensor('minusInfinity', 'float32', [1], Float32Array.of(Number.NEGATIVE_INFINITY)),
    tensor('oneRow', 'int64', [2], BigInt64Array.of(1n, -1n)),
    tensor('allRows', 'int64', [2], BigInt64Array.of(-1n, BigInt(tiles * LANES))),
    tensor('axis2', 'int64', [1], BigInt64Array.of(2n)),
  ];
  if (terms !== undefined) all.push(tensor('terms', 'float32', [tiles, LANES], terms));
  if (isL2) {
    all.push(
      tensor(
        'lane',
        'int32',
        [LANES],
        Int32Array.from({ length: LANES }, (_, lane) => lane),
      ),
      tensor('axis1', 'int64', [1], BigInt64Array.of(1n)),
      tensor('axis3', 'int64', [1], BigInt64Array.of(3n)),
    );
  }
  if (lists !== undefined) {
    const { count, width } = lists;
    all.push(
      tensor('listTiles', 'int32', [count, width], lists.tiles),
      tensor('listOutside', 'uint8', [count, width, TILE_BITS], lists.outside),
      tensor('flat', 'int64', [1], BigInt64Array.of(-1n)),
      tensor('flatBits', 'int64', [2], BigInt64Array.of(-1n, BigInt(TILE_BITS))),
    );
  }
  return all;
}

function branchOutputs(branch: string): ValueInfo[] {
  return [
    { name: `${branch}Scores`, type: 'float32', shape: ['b', 's'] },
    { name: `${branch}TileOf`, type: 'int32', shape: ['n'] },
    { name: `${branch}Lists`, type: 'int64', shape: ['p'] },
  ];
}

function whole({ terms }: HeldShape): Graph {
  const products = terms === undefined ? 'wholeProducts' : 'wholeRaw';
  return {
    name: 'whole',
    inputs: [],
    outputs: branchOutputs('whole'),
    nodes: [
      node('MatMul', ['factor', 'rows'], ['wholeByTile']), // [tiles, b, 16]
      node('Transpose', ['wholeByTile'], ['wholeByQuery'], { perm: [1, 0, 2] }),
      node('Reshape', ['wholeByQuery', 'allRows'], [products]),
      ...(terms === undefined
        ? []
        : [
            node('Reshape', ['terms', 'oneRow'], ['wholeTerms']),
            node('Add', ['wholeRaw', 'wholeTerms'], ['wholeProducts']),
          ]),
      node('Add', ['wholeProducts', 'mask'], ['wholeScores']),
      node('Identity', ['allTiles'], ['wholeTileOf']),
      node('Identity', ['noLists'], ['wholeLists']),
    ],
  };
}

function part({ dimension, isL2, lists }: HeldShape): Graph {
  const fed = (name: string): ModelNode[] => [
    node('Identity', ['fedTiles'], [`${name}TileOf`]),
    node('Identity', ['fedBits'], [`${name}Bits`]),
    node('Identity', ['noLists'], [`${name}Lists`]),
  ];
  const products = isL2 ? 'partRaw' : 'partProducts';
  return {
    name: 'part',
    inputs: [],
    outputs: branchOutputs('part'),
    nodes: [
      ...(lists === undefined
        ? fed('part')
        : [
            node('If', ['isProbe'], ['partTileOf', 'partBits', 'partLists'], {
              then_branch: chosen('probe', probe(), centroids(lists, dimension)),
              else_branch: chosen('given', fed('given')),
            }),
          ]),
      node('Gather', ['rows', 'partTileOf'], ['partRows'], { axis: 0 }),
      node('MatMul', ['factor', 'partRows'], ['partByTile']), // [t, b, 16]
      node('Transpose', ['partByTile'], ['partByQuery'], { perm: [1, 0, 2] }),
      node('Flatten', ['partByQuery'], [products], { axis: 1 }),
      ...(isL2
        ? [
            node('Gather', ['terms', 'partTileOf'], ['partTermsByTile'], { axis: 0 }),
            node('Reshape', ['partTermsByTile', 'oneRow'], ['partTerms']),
            node('Add', ['partRaw', 'partTerms'], ['partProducts']),
          ]
        : []),
      node('Unsqueeze', ['partBits', 'axis2'], ['partBytes']),
      node('BitwiseAnd', ['partBytes', 'eachBit'], ['partBitByBit']), // [t, 2, 8]
      node('Reshape', ['partBitByBit', 'oneRow'], ['partBitRow']),
      node('Cast', ['partBitRow'], ['partIsOut'], { to: BOOL }),
      node('Where', ['partIsOut', 'minusInfinity', 'partProducts'], ['partScores']),
    ],
  };
}

function chosen(
  branch: string,
  nodes: readonly ModelNode[],
  initializers: readonly Initializer[] = [],
): Graph {
  return {
    name: branch,
    inputs: [],
    outputs: [
      { name: `${branch}TileOf`, type: 'int32', shape: ['t'] },
      { name: `${branch}Bits`, type: 'uint8', shape: ['t', TILE_BITS] },
      { name: `${branch}Lists`, type: 'int64', shape: ['p'] },
    ],
    nodes,
    initializers,
  };
}

/**
 * In the branch that uses them, since ONNX Runtime pre-packs no initializers of outer graphs; and inside the model,
 * since it takes external data in the outermost graph only.
 */
function centroids({ count, centroids, terms }: ListTables, dimension: number): Initializer[] {
  return [
    tensor('centroids', 'float32', [count, dimension], centroids),
    tensor('centroidTerms', 'float32', [count], terms),
  ];
}

/** For one query: the lists that score best, as tiles and the bits of what is left out. */
function probe(): ModelNode[] {
  return [
    node('Gemm', ['factor', 'centroids', 'centroidTerms'], ['listScores'], { transB: 1 }),
    node('TopK', ['listScores', 'probes'], ['listBest', 'listRanked']),
    node('Reshape', ['listRanked', 'flat'], ['probeLists']),
    node('Gather', ['listTiles', 'probeLists'], ['probeTiles'], { axis: 0 }),
    node('Reshape', ['probeTiles', 'flat'], ['probeTileOf']),
    node('Gather', ['listOutside', 'probeLists'], ['probeOutside'], { axis: 0 }),
    node('Reshape', ['probeOutside', 'flatBits'], ['probeOutsideBits']),
    // `bits` has one entry for all tiles where nothing is excluded.
    node('Min', ['probeTileOf', 'lastBits'], ['probeBitOf']),
    node('Gather', ['bits', 'probeBitOf'], ['probeExcluded'], { axis: 0 }),
    node('BitwiseOr', ['probeOutsideBits', 'probeExcluded'], ['probeBits']),
  ];
}

/** The best `k` of scores, and the rows they are: tile × 16 + lane. */
function selection(scores: string, best: string, rows: string, k: string): ModelNode[] {
  return [
    node('TopK', [scores, k], [best, `${best}At`]),
    node('Cast', [`${best}At`], [`${best}Slot`], { to: INT32 }),
    node('Div', [`${best}Slot`, 'lanes'], [`${best}Place`]),
    node('Mod', [`${best}Slot`, 'lanes'], [`${best}Lane`]),
    node('Gather', ['tileOf', `${best}Place`], [`${best}Tile`], { axis: 0 }),
    node('Mul', [`${best}Tile`, 'lanes'], [`${best}First`]),
    node('Add', [`${best}First`, `${best}Lane`], [rows]),
  ];
}

function measuredSelection(): ModelNode[] {
  return [
    ...selection('scores', 'rough', 'candidate', 'candidates'),
    node('If', ['isMeasured'], ['similarities', 'found'], {
      then_branch: measured(),
      else_branch: {
        name: 'rough',
        inputs: [],
        outputs: answers('rough'),
        nodes: [
          node('Identity', ['rough'], ['roughSimilarities']),
          node('Identity', ['candidate'], ['roughFound']),
        ],
      },
    }),
  ];
}

/** Distances of the candidates from their differences, one by one. */
function measured(): Graph {
  return {
    name: 'measured',
    inputs: [],
    outputs: answers('measured'),
    nodes: [
      node('Gather', ['rows', 'roughTile'], ['near'], { axis: 0 }), // [b, c, dimension, 16]
      // The candidate's lane, by a product with a one among zeros.
      node('Unsqueeze', ['roughLane', 'axis2'], ['nearLane']),
      node('Equal', ['nearLane', 'lane'], ['isLane']),
      node('Cast', ['isLane'], ['oneOfLanes'], { to: FLOAT }),
      node('Unsqueeze', ['oneOfLanes', 'axis3'], ['laneColumn']),
      node('MatMul', ['near', 'laneColumn'], ['nearColumn']), // [b, c, dimension, 1]
      node('Squeeze', ['nearColumn', 'axis3'], ['nearRow']),
      node('Unsqueeze', ['query', 'axis1'], ['queryRow']),
      node('Sub', ['nearRow', 'queryRow'], ['difference']),
      node('ReduceL2', ['difference', 'axis2'], ['distance'], { keepdims: 0 }),
      node('Neg', ['distance'], ['closeness']),
      node('IsInf', ['rough'], ['isExcluded']),
      node('Where', ['isExcluded', 'rough', 'closeness'], ['exact']),
      node('TopK', ['exact', 'k'], ['measuredSimilarities', 'measuredAt']),
      node('GatherElements', ['candidate', 'measuredAt'], ['measuredFound'], { axis: 1 }),
    ],
  };
}

function answers(branch: string): ValueInfo[] {
  return [
    { name: `${branch}Similarities`, type: 'float32', shape: ['b', 'k'] },
    { name: `${branch}Found`, type: 'int32', shape: ['b', 'k'] },
  ];
}

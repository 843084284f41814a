import { joinBytes } from '../../shared/bytes.js';

// Writes ONNX models as bytes. Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
// Wire format: https://protobuf.dev/programming-guides/encoding/

type Bytes = Uint8Array<ArrayBuffer>;

/** Element types by ONNX's numbers (`TensorProto.DataType`), with their size in bytes. */
const ELEMENT_TYPES = {
  float32: { code: 1, bytes: 4 },
  uint8: { code: 2, bytes: 1 },
  int8: { code: 3, bytes: 1 },
  int32: { code: 6, bytes: 4 },
  int64: { code: 7, bytes: 8 },
  bool: { code: 9, bytes: 1 },
  float16: { code: 10, bytes: 2 },
} as const;

export type ElementType = keyof typeof ELEMENT_TYPES;

/** A graph input or output. A string in the shape is a size that is known only when the graph runs. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/**
 * A whole number or a list of them is INT or INTS, a string is STRING, a graph is GRAPH; FLOAT has to be said:
 * `{ float: 1 }`.
 */
export type AttributeValue = number | readonly number[] | string | { readonly float: number } | Graph;

export interface ModelNode {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** Where a tensor's bytes are: the `path` of an `ExternalTensorData`, and the range inside it. */
export interface ExternalLocation {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Uint8Array | ExternalLocation;
}

/** As an attribute (the branches of `If`): a graph that may use what the graph around it has computed before it. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** In an order in which each node's inputs are there before it. */
  readonly nodes: readonly ModelNode[];
  readonly initializers?: readonly Initializer[];
}

export interface ModelDescription extends Graph {
  /** Kept in the file as `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Version of the operator set. Default 17. */
  readonly opset?: number;
}

/** An empty input name stands for an optional input that is left out. */
export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): ModelNode {
  return { opType, inputs, outputs, attributes };
}

/** An initializer inside the model; `data` is row-major and little-endian, as typed arrays are. */
export function tensor(
  name: string,
  type: ElementType,
  shape: readonly number[],
  data: ArrayBufferView,
): Initializer {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return checkedSize({ name, type, shape, data: bytes }, bytes.length);
}

/** An initializer whose bytes are handed to ORT beside the model, which spares copies of large ones. */
export function externalTensor(
  name: string,
  type: ElementType,
  shape: readonly number[],
  location: ExternalLocation,
): Initializer {
  return checkedSize({ name, type, shape, data: location }, location.length);
}

/** The bytes of an ONNX ModelProto. The same description gives the same bytes. */
export function encodeModel(model: ModelDescription): Bytes {
  return message(
    int(1, 8), // ir_version 8: initializers need not be inputs, opset 17
    text(2, 'nearshore'),
    embedded(7, encodeGraph(model)),
    embedded(8, message(text(1, ''), int(2, model.opset ?? 17))),
    ...Object.entries(model.metadata ?? {}).map((entry) => embedded(14, keyValue(...entry))),
  );
}

function checkedSize(initializer: Initializer, byteLength: number): Initializer {
  const { name, type, shape } = initializer;
  const expected = shape.reduce((product, size) => product * size, ELEMENT_TYPES[type].bytes);
  if (byteLength !== expected) {
    throw new RangeError(
      `Initializer "${name}" has ${byteLength} bytes, but ${type} [${shape.join(', ')}] takes ${expected}. ` +
        'ONNX Runtime would refuse the model. Give the shape that the data has.',
    );
  }
  return initializer;
}

function encodeGraph(graph: Graph): Bytes {
  return message(
    ...graph.nodes.map((each) => embedded(1, encodeNode(each))),
    text(2, graph.name),
    ...(graph.initializers ?? []).map((each) => embedded(5, encodeInitializer(each))),
    ...graph.inputs.map((each) => embedded(11, encodeValueInfo(each))),
    ...graph.outputs.map((each) => embedded(12, encodeValueInfo(each))),
  );
}

function encodeNode(each: ModelNode): Bytes {
  return message(
    ...each.inputs.map((name) => text(1, name)),
    ...each.outputs.map((name) => text(2, name)),
    text(4, each.opType),
    ...Object.entries(each.attributes).map((entry) => embedded(5, encodeAttribute(...entry))),
  );
}

function encodeAttribute(name: string, value: AttributeValue): Bytes {
  // The last field is AttributeProto.type.
  if (typeof value === 'number') return message(text(1, name), int(3, value), int(20, 2));
  if (typeof value === 'string') return message(text(1, name), text(4, value), int(20, 3));
  if ('nodes' in value) return message(text(1, name), embedded(6, encodeGraph(value)), int(20, 5));
  if ('float' in value) return message(text(1, name), float(2, value.float), int(20, 1));
  return message(text(1, name), ...value.map((each) => int(8, each)), int(20, 7));
}

function encodeInitializer({ name, type, shape, data }: Initializer): Bytes {
  const head = [...shape.map((size) => int(1, size)), int(2, ELEMENT_TYPES[type].code), text(8, name)];
  if (data instanceof Uint8Array) return message(...head, embedded(9, data));
  return message(
    ...head,
    embedded(13, keyValue('location', data.location)),
    embedded(13, keyValue('offset', String(data.offset))),
    embedded(13, keyValue('length', String(data.length))),
    int(14, 1), // data_location EXTERNAL
  );
}

function encodeValueInfo({ name, type, shape }: ValueInfo): Bytes {
  const dimensions = shape.map((size) =>
    embedded(1, message(typeof size === 'number' ? int(1, size) : text(2, size))),
  );
  const tensorType = message(int(1, ELEMENT_TYPES[type].code), embedded(2, message(...dimensions)));
  return message(text(1, name), embedded(2, message(embedded(1, tensorType))));
}

function keyValue(key: string, value: string): Bytes {
  return message(text(1, key), text(2, value));
}

// Protobuf. A field is its number and wire type, then its value: 0 varint, 2 length and bytes, 5 four bytes.

const encoder = new TextEncoder();

function int(field: number, value: number): Bytes {
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(
      `${value} is not a whole number, as an ONNX INT is. Write a FLOAT as { float: ${value} }.`,
    );
  }
  return Uint8Array.from([...varint(field << 3), ...varint(value)]);
}

function float(field: number, value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return message(Uint8Array.from(varint((field << 3) | 5)), bytes);
}

function text(field: number, value: string): Bytes {
  return embedded(field, encoder.encode(value));
}

function embedded(field: number, bytes: Uint8Array): Bytes {
  return message(Uint8Array.from([...varint((field << 3) | 2), ...varint(bytes.length)]), bytes);
}

function message(...fields: Uint8Array[]): Bytes {
  return joinBytes(fields);
}

/** Seven bits a byte, lowest first; a negative number is its 64-bit two's complement. */
function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

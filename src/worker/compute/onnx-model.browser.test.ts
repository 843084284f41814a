import { describe, expect, it } from 'vitest';
import { encodeModel, externalTensor, node, tensor } from './onnx-model.js';
import { boolTensor, createSession, floatTensor, int64Tensor } from './ort.js';

// ONNX Runtime itself is the judge: it refuses a malformed model and computes a wrong one wrongly.

const f32 = (...values: number[]) => Float32Array.from(values);

describe('encodeModel, judged by ONNX Runtime', () => {
  it('makes a model that ONNX Runtime runs: external weights, symbolic sizes, k as an input', async () => {
    const pad = 64;
    const rows = f32(1, 0, 0, 1, 3, 4);
    const external = new Uint8Array(pad + rows.byteLength);
    external.set(new Uint8Array(rows.buffer), pad);
    const model = encodeModel({
      name: 'flat',
      inputs: [
        { name: 'q', type: 'float32', shape: ['n', 2] },
        { name: 'k', type: 'int64', shape: [1] },
      ],
      outputs: [
        { name: 'scores', type: 'float32', shape: ['n', 'k'] },
        { name: 'rows', type: 'int64', shape: ['n', 'k'] },
      ],
      nodes: [
        node('Gemm', ['q', 'w', 'bias'], ['s'], { transB: 1 }),
        node('TopK', ['s', 'k'], ['scores', 'rows'], { axis: -1, largest: 1, sorted: 1 }),
      ],
      initializers: [
        externalTensor('w', 'float32', [3, 2], {
          location: 'rows.bin',
          offset: pad,
          length: rows.byteLength,
        }),
        tensor('bias', 'float32', [3], f32(0, 0, -100)),
      ],
    });
    const session = await createSession(model, [{ path: 'rows.bin', data: external }]);
    const query = floatTensor(f32(2, 1, 5, 30), [2, 2]);
    const answer = await session.run({ q: query, k: int64Tensor([2], [1]) });
    expect([...(answer.rows!.data as BigInt64Array)]).toEqual([0n, 1n, 2n, 1n]);
    expect([...(answer.scores!.data as Float32Array)]).toEqual([2, 1, 35, 30]);
    const wider = await session.run({ q: query, k: int64Tensor([3], [1]) });
    expect(wider.rows!.dims).toEqual([2, 3]);
    await session.release();
  });

  it('writes every kind of attribute, and sizes that take several bytes', async () => {
    const size = 300;
    const model = encodeModel({
      name: 'attributes of every kind',
      inputs: [{ name: 'x', type: 'float32', shape: [1, size] }],
      outputs: [{ name: 'y', type: 'float32', shape: [2 * size, 1] }],
      nodes: [
        node('Transpose', ['x'], ['t'], { perm: [1, 0] }), // INTS
        node('Gemm', ['t', 'one'], ['g'], { alpha: { float: 0.5 } }), // FLOAT
        node('Cast', ['g'], ['i'], { to: 6 }), // INT
        node('Cast', ['i'], ['f'], { to: 1 }),
        node('Pad', ['f', 'pads'], ['p'], { mode: 'constant' }), // STRING
        node('Concat', ['p', 'p'], ['y'], { axis: -2 }), // INT below zero
      ],
      initializers: [
        tensor('one', 'float32', [1, 1], f32(1)),
        tensor('pads', 'int64', [4], BigInt64Array.of(0n, 0n, 0n, 0n)),
      ],
      metadata: { licence: 'MIT – café' },
    });
    const session = await createSession(model);
    const answer = await session.run({ x: floatTensor(new Float32Array(size).fill(7), [1, size]) });
    expect([...(answer.y!.data as Float32Array)]).toEqual(new Array(2 * size).fill(3));
    await session.release();
  });

  it('writes graphs as attributes, which use what is around them', async () => {
    const branch = (name: string, opType: string) => ({
      name,
      inputs: [],
      outputs: [{ name: `${name}Y`, type: 'float32', shape: ['n'] } as const],
      nodes: [node(opType, ['twice', `${name}Own`], [`${name}Y`])],
      initializers: [tensor(`${name}Own`, 'float32', [1], f32(10))],
    });
    const model = encodeModel({
      name: 'branches',
      inputs: [
        { name: 'x', type: 'float32', shape: ['n'] },
        { name: 'isSum', type: 'bool', shape: [1] },
      ],
      outputs: [{ name: 'y', type: 'float32', shape: ['n'] }],
      nodes: [
        node('Add', ['x', 'x'], ['twice']),
        node('If', ['isSum'], ['y'], {
          then_branch: branch('sum', 'Add'),
          else_branch: branch('product', 'Mul'),
        }),
      ],
    });
    const session = await createSession(model);
    const y = async (isSum: boolean) =>
      (await session.run({ x: floatTensor(f32(1, 2), [2]), isSum: boolTensor(isSum) })).y!.data;
    expect(await y(true)).toEqual(f32(12, 14));
    expect(await y(false)).toEqual(f32(20, 40));
    await session.release();
  });
});

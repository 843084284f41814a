import { describe, expect, it } from 'vitest';
import { encodeModel, externalTensor, node, tensor } from './onnx-model.js';

describe('encodeModel', () => {
  it('is deterministic', () => {
    const model = () =>
      encodeModel({ name: 'm', inputs: [], outputs: [], nodes: [], metadata: { a: '1', b: '2' } });
    expect(model()).toEqual(model());
  });

  it('refuses a shape that the data does not have', () => {
    expect(() => tensor('w', 'int64', [2], BigInt64Array.of(1n))).toThrow(/8 bytes.*takes 16/);
    expect(() => externalTensor('w', 'int8', [3, 2], { location: 'a', offset: 0, length: 5 })).toThrow(
      /5 bytes/,
    );
  });

  it('refuses a fraction where ONNX wants an INT', () => {
    const model = { name: 'm', inputs: [], outputs: [], nodes: [node('Gemm', [], [], { alpha: 0.5 })] };
    expect(() => encodeModel(model)).toThrow(/\{ float: 0\.5 \}/);
  });
});

import { pause } from '../slices.js';
import { encodeModel, externalTensor, node } from './onnx-model.js';
import { createSession, type OrtSession } from './ort.js';

const STEP_BYTES = 16 << 20;

/**
 * Makes ONNX Runtime's heap large enough for `bytes` more, in steps between which waiting messages are answered. In
 * one go the memory of 100k×384 took 150 ms to be had from the system; once it is there, copying them takes 20.
 */
export async function reserveHeap(bytes: number): Promise<void> {
  const placeholder = new Uint8Array(STEP_BYTES);
  const model = encodeModel({
    name: 'placeholder',
    inputs: [{ name: 'row', type: 'int32', shape: [1] }],
    outputs: [{ name: 'value', type: 'float32', shape: [1] }],
    nodes: [node('Gather', ['held', 'row'], ['value'], { axis: 0 })],
    initializers: [
      externalTensor('held', 'float32', [STEP_BYTES / 4], {
        location: 'held',
        offset: 0,
        length: STEP_BYTES,
      }),
    ],
  });
  const sessions: OrtSession[] = [];
  try {
    for (let reserved = 0; reserved < bytes; reserved += STEP_BYTES) {
      sessions.push(await createSession(model, [{ path: 'held', data: placeholder }]));
      await pause();
    }
  } finally {
    for (const session of sessions) await session.release();
  }
}

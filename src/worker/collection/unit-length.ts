import { float32Norm } from '../../shared/record-check.js';

export function toUnitLength(vector: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const norm = float32Norm(vector, 0, vector.length);
  const unit = new Float32Array(vector.length);
  for (let i = 0; i < unit.length; i++) unit[i] = vector[i]! / norm;
  return unit;
}

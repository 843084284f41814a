import { batchError, type Problem, VectorStoreError } from '../shared/errors.js';
import { idProblem } from '../shared/record-check.js';

/** Throws with every bad position. */
export function checkedIds(ids: unknown): readonly string[] {
  if (!Array.isArray(ids)) {
    throw new VectorStoreError(
      'INVALID_ARGUMENT',
      'ids is not an array. Records are looked up by position. Give an array of strings.',
    );
  }
  const problems: Problem[] = [];
  for (const [position, id] of ids.entries()) {
    const fault = idProblem(id);
    if (fault !== undefined) problems.push({ position, ...fault });
  }
  if (problems.length > 0) throw batchError('ids', problems, problems.length);
  return ids;
}

import { encodeMetadata } from '../shared/metadata-check.js';
import { type Fault, invalid } from '../shared/record-check.js';

/** What is wrong with metadata that comes as JSON (SPEC, M1 to M4). */
export function metadataFault(json: string): Fault | undefined {
  let metadata: unknown;
  try {
    metadata = JSON.parse(json);
  } catch {
    return invalid('metadata is not JSON. Filters could not read it. Send an object as JSON.');
  }
  const { problem } = encodeMetadata(metadata);
  return problem === undefined ? undefined : invalid(problem);
}

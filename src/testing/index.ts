export { type Faults, makeFaults } from './make-faults.js';
export type {
  CallCounts,
  CallFault,
  CommitPoint,
  FailingPoint,
  FaultPlace,
  StorageCall,
  StorageFailure,
} from './protocol.js';
export { COMMIT_POINTS, STORAGE_CALLS } from './protocol.js';

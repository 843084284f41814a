// The package's worker in a browser without Web Locks.
import './worker.js';

delete WorkerNavigator.prototype.locks;

// The package's worker in a browser that has none of what it can do without.
import './worker.js';

delete WorkerNavigator.prototype.locks;
delete WorkerNavigator.prototype.storage;
delete WorkerNavigator.prototype.gpu;
delete self.BroadcastChannel;
delete self.SharedArrayBuffer;

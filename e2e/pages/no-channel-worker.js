// The package's worker in a browser without BroadcastChannel.
import './worker.js';

delete self.BroadcastChannel;

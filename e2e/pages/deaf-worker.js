// The package's worker, which misses what other tabs say about the generations 2 and 3.
import './worker.js';

self.BroadcastChannel = class extends BroadcastChannel {
  set onmessage(listener) {
    super.onmessage = (event) => {
      if (event.data.generation !== 2 && event.data.generation !== 3) listener(event);
    };
  }
};

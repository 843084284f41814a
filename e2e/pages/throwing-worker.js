// The package's worker in an app's own: throws outside of any call when it is told to.
import './worker.js';

addEventListener('message', ({ data }) => {
  if (data !== 'throw') return;
  setTimeout(() => {
    throw new Error('thrown on purpose');
  });
});

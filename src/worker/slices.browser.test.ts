import { expect, it } from 'vitest';
import { pause } from './slices.js';

// Node keeps no order between the messages of two channels; browsers do.
it('L4 a pause lets every message that is already waiting run first', async () => {
  const log: string[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = (event) => log.push(event.data);
  port2.postMessage('first');
  port2.postMessage('second');
  await pause();
  log.push('after the pause');
  port1.close();
  expect(log).toEqual(['first', 'second', 'after the pause']);
});

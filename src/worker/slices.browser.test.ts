import { expect, it } from 'vitest';
import { pause } from './slices.js';

it('L4 a pause lets a message run that is already waiting at another port', async () => {
  const log: string[] = [];
  const { port1, port2 } = new MessageChannel();
  const awake = new Promise((resolve) => {
    port1.onmessage = resolve;
  });
  // The first message of a channel may take longer than those of others.
  port2.postMessage('awake');
  await Promise.all([awake, pause()]);
  port1.onmessage = (event) => log.push(event.data);
  for (let round = 0; round < 20; round++) {
    port2.postMessage('message');
    await pause();
    log.push('after the pause');
    expect(log.splice(0)).toEqual(['message', 'after the pause']);
  }
  port1.close();
});

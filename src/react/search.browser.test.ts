import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../client/open-store.js';
import { Search } from './search.example.js';

test('U3 W1 the component in the documentation finds what is typed', async () => {
  // A letter is a direction.
  const embed = async (texts: readonly string[]) =>
    texts.map((text) => (text.includes('a') ? [1, 0] : [0, 1]));
  const embedder = { id: 'letters', dimension: 2, embed };
  const store = await openStore('notebook');
  const notes = await store.collection('notes', { embedder });
  await notes.upsert([
    { id: '1', text: 'xa' },
    { id: '2', text: 'xo' },
  ]);
  const root = createRoot(document.body.appendChild(document.createElement('main')));
  root.render(createElement(Search, { embedder }));
  onTestFinished(async () => {
    root.unmount();
    await store.destroy();
  });

  await expect.poll(() => document.querySelector('input')).not.toBeNull();
  const box = document.querySelector('input')!;
  // As typing does it: React listens to the native setter.
  const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!;
  set!.call(box, 'a');
  box.dispatchEvent(new Event('input', { bubbles: true }));
  await expect.poll(() => document.querySelector('li')?.textContent, { timeout: 50_000 }).toBe('xa (1.00)');
});

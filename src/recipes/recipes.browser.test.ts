import { MockLanguageModelV3 } from 'ai/test';
import { expect, test } from 'vitest';
import { openStore } from '../client/open-store.js';
import { openAlbum } from './image-search.example.js';
import { answer, learn } from './rag.example.js';

const PARAGRAPHS = ['The ferry leaves at nine.', 'Mussels grow on the pier.', 'The bakery opens at six.'];

test('W1 the recipe of answers by a chat model finds, asks, and embeds what is new', async () => {
  const embedded: string[] = [];
  const words = ['ferry', 'mussels', 'bakery', 'boat'];
  const embedder = {
    id: 'words/4',
    dimension: 4,
    embed(texts: readonly string[]) {
      embedded.push(...texts);
      return texts.map((text) => words.map((word) => 0.1 + Number(text.toLowerCase().includes(word))));
    },
  };
  const store = await openStore('rag', { storage: 'memory' });
  const parts = await store.collection<{ title: string; part: number }>('parts', { embedder });
  await learn(parts, 'Island', PARAGRAPHS.join('\n\n'));
  await learn(parts, 'Island', PARAGRAPHS.slice(0, 2).join('\n\n'));
  expect(embedded).toEqual(PARAGRAPHS);
  expect(await parts.count()).toBe(2);

  const count = { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 };
  const model = new MockLanguageModelV3({
    doGenerate: {
      content: [{ type: 'text', text: 'At nine [1].' }],
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: { inputTokens: count, outputTokens: { total: 1, text: 1, reasoning: 0 } },
      warnings: [],
    },
  });
  const { text, ids } = await answer(parts, model, 'When does the ferry leave?');
  expect(text).toBe('At nine [1].');
  expect(ids[0]).toBe('Island#0');
  const prompt = JSON.stringify(model.doGenerateCalls[0]!.prompt);
  expect(prompt).toContain('[1] Island: The ferry leaves at nine.');
  expect(prompt).toContain('When does the ferry leave?');
  await store.close();
});

async function pictureOf(colour: string): Promise<string> {
  const canvas = new OffscreenCanvas(4, 4);
  const context = canvas.getContext('2d')!;
  context.fillStyle = colour;
  context.fillRect(0, 0, 4, 4);
  return URL.createObjectURL(await canvas.convertToBlob());
}

test('W1 the recipe of image search finds pictures by words and by pictures', async () => {
  const album = await openAlbum();
  const [red, green, blue] = await Promise.all(['#f20', '#2f0', '#03f'].map(pictureOf));
  await album.add(red!, 2001);
  await album.add(green!, 2002);
  await album.add(blue!, 2003);
  const found = await album.find('a blue door');
  expect(found.matches[0]!.id).toBe(blue);
  const later = await album.find('a red car', 2002);
  expect(later.matches.map(({ id }) => id)).not.toContain(red);
  const similar = await album.similarTo(green!);
  expect(similar.matches.map(({ id }) => id)).toEqual([green, red, blue]);
  await album.close();
});

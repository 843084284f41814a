import { type Collection, type Match, openStore, VectorStoreError } from 'nearshore';
import { type Embedder, staticEmbedder } from 'nearshore/embedders';
import { makeFaults } from 'nearshore/testing';
import 'nearshore/worker';

interface Bird {
  habitat: string;
  cm: number;
}

const store = await openStore('field-guide', { worker: makeFaults().worker });
const birds: Collection<Bird> = await store.collection<Bird>('birds', { embedder: staticEmbedder() });
const { matches } = await birds.query({ text: 'ocean', filter: { cm: { $lt: 50 } } });
export const first: Match<Bird> | undefined = matches[0];
export const embedder: Embedder = {
  id: 'length',
  dimension: 1,
  embed: async (texts) => texts.map((text) => [text.length]),
};
export const code = new VectorStoreError('CLOSED', 'closed').code;

// @ts-expect-error: birds have no such field, so the types were read and are not `any`.
await birds.count({ colour: 'red' });

import { readFile } from 'node:fs/promises';
import { staticEmbedder } from '../../client/embedders/static-embedder.js';
import { loadTextEmbedder } from './load-text-embedder.js';
import { describeTextEmbedder } from './text-embedder.contract.js';

const readAsset = async (url: string) => Uint8Array.from(await readFile(new URL(url)));

describeTextEmbedder('JsTextEmbedder', async () => (await loadTextEmbedder(staticEmbedder(), readAsset)).js);

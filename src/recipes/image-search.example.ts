import {
  AutoProcessor,
  AutoTokenizer,
  CLIPTextModelWithProjection,
  CLIPVisionModelWithProjection,
  RawImage,
} from '@huggingface/transformers';
import { openStore } from 'nearshore';

const MODEL = 'Xenova/clip-vit-base-patch32';

export async function openAlbum() {
  const [tokenizer, textModel, processor, imageModel] = await Promise.all([
    AutoTokenizer.from_pretrained(MODEL),
    CLIPTextModelWithProjection.from_pretrained(MODEL),
    AutoProcessor.from_pretrained(MODEL),
    CLIPVisionModelWithProjection.from_pretrained(MODEL),
  ]);
  const store = await openStore('album');
  const pictures = await store.collection<{ year: number }>('pictures', {
    embedder: {
      id: MODEL,
      dimension: 512,
      async embed(texts) {
        const { text_embeds } = await textModel(tokenizer([...texts], { padding: true, truncation: true }));
        return text_embeds.tolist();
      },
    },
  });
  return {
    /** The picture's own vector: CLIP puts pictures and texts into one space. */
    async add(url: string, year: number) {
      const { image_embeds } = await imageModel(await processor(await RawImage.read(url)));
      await pictures.upsert([{ id: url, vector: image_embeds.tolist()[0], metadata: { year } }]);
    },
    find: (text: string, since = 0) => pictures.query({ text, filter: { year: { $gte: since } } }),
    similarTo: (url: string) => pictures.query({ id: url }),
    close: () => store.close(),
  };
}

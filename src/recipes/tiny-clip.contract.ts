// Stands in for Transformers.js in the tests of the recipes: a CLIP of 512 dimensions that sees the mean colour of a picture, and
// reads the names of three.

const COLOURS = ['red', 'green', 'blue'];
const DIMENSION = 512;

const onAxes = (values: readonly number[]) => Array.from({ length: DIMENSION }, (_, i) => values[i] ?? 0);
const tensor = (rows: readonly (readonly number[])[]) => ({ tolist: () => rows.map(onAxes) });
const pretrained = <T>(model: T) => ({ from_pretrained: async () => model });

export const RawImage = {
  async read(url: string): Promise<ImageData> {
    const bitmap = await createImageBitmap(await (await fetch(url)).blob());
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, bitmap.width, bitmap.height);
  },
};

export const AutoTokenizer = pretrained((texts: readonly string[]) => texts);
export const AutoProcessor = pretrained(async (picture: ImageData) => picture);

export const CLIPTextModelWithProjection = pretrained(async (texts: readonly string[]) => ({
  text_embeds: tensor(texts.map((text) => COLOURS.map((colour) => Number(text.includes(colour))))),
}));

export const CLIPVisionModelWithProjection = pretrained(async ({ data }: ImageData) => ({
  image_embeds: tensor([
    COLOURS.map((_, channel) => data.reduce((sum, value, i) => sum + (i % 4 === channel ? value : 0), 0)),
  ]),
}));

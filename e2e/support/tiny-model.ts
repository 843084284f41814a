import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'vite';
import { encodeModel, node, tensor } from '../../src/worker/compute/onnx-model.js';

const SPECIAL = ['[PAD]', '[UNK]'];

/**
 * Writes a model that Transformers.js takes for a BERT: each word has its vector, and nothing else is in it.
 *
 * @param words all of one length
 */
export async function writeTinyModel(folder: string, words: Readonly<Record<string, readonly number[]>>) {
  const dimension = Object.values(words)[0]!.length;
  const zeros = new Array<number>(dimension).fill(0);
  const vectors = [...SPECIAL.map(() => zeros), ...Object.values(words)];
  const vocabulary = Object.fromEntries([...SPECIAL, ...Object.keys(words)].map((word, id) => [word, id]));
  const sequence = ['batch', 'sequence'];
  const model = encodeModel({
    name: 'tiny',
    inputs: [{ name: 'input_ids', type: 'int64', shape: sequence }],
    outputs: [{ name: 'last_hidden_state', type: 'float32', shape: [...sequence, dimension] }],
    nodes: [node('Gather', ['vectors', 'input_ids'], ['last_hidden_state'])],
    initializers: [
      tensor('vectors', 'float32', [vectors.length, dimension], Float32Array.from(vectors.flat())),
    ],
  });
  const special = (content: string) => ({
    ...{ id: vocabulary[content], content, special: true },
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  });
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map(special),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      ...{ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##' },
      max_input_chars_per_word: 100,
      vocab: vocabulary,
    },
  };
  await mkdir(join(folder, 'onnx'), { recursive: true });
  const files = {
    'config.json': { model_type: 'bert', architectures: ['BertModel'], hidden_size: dimension },
    'tokenizer.json': tokenizer,
    'tokenizer_config.json': {
      ...{ tokenizer_class: 'BertTokenizer', pad_token: '[PAD]', unk_token: '[UNK]' },
      model_max_length: 16,
    },
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), JSON.stringify(content));
  }
  await writeFile(join(folder, 'onnx/model.onnx'), model);
}

/** Bundles Transformers.js as an application's bundler does, as `<folder>/transformers.js`. */
export async function bundleTransformers(folder: string): Promise<void> {
  await build({
    configFile: false,
    base: './',
    publicDir: false,
    logLevel: 'error',
    build: {
      outDir: folder,
      target: 'es2022',
      minify: false,
      modulePreload: false,
      rolldownOptions: {
        input: { transformers: '@huggingface/transformers' },
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js' },
      },
    },
  });
}

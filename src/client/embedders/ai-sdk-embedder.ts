import { checkDimension } from '../../shared/argument-check.js';
import { VectorStoreError } from '../../shared/errors.js';
import { kindOf } from '../../shared/plain-object.js';
import type { Embedder, EmbedPurpose, JsonValue } from '../../shared/types.js';

/** Options of a provider, by its name, as `embedMany` takes them. */
export type AiSdkProviderOptions = Record<string, Record<string, JsonValue>>;

/** What is used of an embedding model of the Vercel AI SDK: its specifications v2, v3 and v4 agree in it. */
export interface AiSdkEmbeddingModel {
  readonly provider: string;
  readonly modelId: string;
  readonly maxEmbeddingsPerCall: PromiseLike<number | undefined> | number | undefined;
  readonly supportsParallelCalls: PromiseLike<boolean> | boolean;
  /** Embeds at most `maxEmbeddingsPerCall` texts, in order. */
  doEmbed(options: {
    values: string[];
    abortSignal?: AbortSignal;
    headers?: Record<string, string>;
    providerOptions?: AiSdkProviderOptions;
  }): PromiseLike<{ readonly embeddings: number[][] }>;
}

/** Options of `aiSdkEmbedder`. */
export interface AiSdkEmbedderOptions {
  /** Length of the model's vectors: the AI SDK does not tell it. */
  dimension: number;
  /** Default: of the provider, the model, the dimension and the provider options. */
  id?: string;
  /** Texts handed over by the store at a time; calls of the model are cut to what it takes. Default: 256. */
  batchSize?: number;
  /** Sent with every call of the model. */
  headers?: Record<string, string>;
  /** The same for every call, or by what a text is embedded for (Google's `taskType`, Cohere's `inputType`). */
  providerOptions?: AiSdkProviderOptions | Readonly<Record<EmbedPurpose, AiSdkProviderOptions>>;
}

/**
 * An embedder from an embedding model of the Vercel AI SDK (`openai.embedding('…')`, `google.embedding('…')`, any
 * other). It gives what `embedMany` gives: a call has at most `maxEmbeddingsPerCall` texts, and calls run together
 * where the model allows it. What a call rejects with is passed on; nothing is tried again.
 *
 * A key of a provider does not belong in a page: let the model go through a server of yours.
 *
 * @throws `INVALID_ARGUMENT` where the model is a string or has no `doEmbed`, or the dimension is none.
 */
export function aiSdkEmbedder(model: AiSdkEmbeddingModel, options: AiSdkEmbedderOptions): Embedder {
  if (typeof model?.doEmbed !== 'function') {
    throw new VectorStoreError(
      'INVALID_ARGUMENT',
      `aiSdkEmbedder was given a ${kindOf(model)} that has no doEmbed. Nothing could be embedded with it. ` +
        "Give an embedding model's object, such as openai.embedding('text-embedding-3-small'); a name alone needs a gateway.",
    );
  }
  const { dimension, headers, providerOptions, batchSize = 256 } = options;
  checkDimension(dimension);
  const optionsFor = (purpose: EmbedPurpose) =>
    isByPurpose(providerOptions) ? providerOptions[purpose] : providerOptions;
  const call = async (values: string[], signal: AbortSignal | undefined, purpose: EmbedPurpose) => {
    const own = optionsFor(purpose);
    const { embeddings } = await model.doEmbed({
      values,
      ...(signal && { abortSignal: signal }),
      ...(headers && { headers }),
      ...(own && { providerOptions: own }),
    });
    // Of several calls, one that gives too few would move the vectors of the others.
    if (Array.isArray(embeddings) && embeddings.length === values.length) return embeddings;
    throw new VectorStoreError(
      'INVALID_ARGUMENT',
      `Model ${model.provider}/${model.modelId} gave ${Array.isArray(embeddings) ? `${embeddings.length} embeddings` : kindOf(embeddings)} for ${values.length} texts. ` +
        'They could not be told apart, so nothing was changed. Look at what its provider answers.',
    );
  };
  return {
    id: options.id ?? idOf(model, options),
    dimension,
    batchSize,
    async embed(texts, signal, purpose = 'document') {
      const most = Math.floor((await model.maxEmbeddingsPerCall) ?? texts.length) || texts.length;
      const groups: string[][] = [];
      for (let from = 0; from < texts.length; from += most) groups.push(texts.slice(from, from + most));
      if (await model.supportsParallelCalls) {
        return (await Promise.all(groups.map((values) => call(values, signal, purpose)))).flat();
      }
      const embeddings: number[][] = [];
      for (const values of groups) {
        signal?.throwIfAborted();
        embeddings.push(...(await call(values, signal, purpose)));
      }
      return embeddings;
    },
  };
}

function isByPurpose(
  options: AiSdkEmbedderOptions['providerOptions'],
): options is Readonly<Record<EmbedPurpose, AiSdkProviderOptions>> {
  return options !== undefined && 'document' in options && 'query' in options;
}

function idOf(
  { provider, modelId }: AiSdkEmbeddingModel,
  { dimension, providerOptions }: AiSdkEmbedderOptions,
) {
  const own = providerOptions === undefined ? '' : `/${JSON.stringify(providerOptions)}`;
  return `ai-sdk:${provider}/${modelId}/${dimension}${own}`;
}

/// <reference lib="webworker" />
import type { FeatureExtractionPipeline } from '@huggingface/transformers';
import type { FromTransformers, ToTransformers, TransformersSetup } from '../../shared/transformers-wire.js';

// A worker of its own: the entry of the embedders that Transformers.js computes.

type Library = typeof import('@huggingface/transformers');
type Dtype = NonNullable<NonNullable<Parameters<Library['pipeline']>[2]>['dtype']>;
type Device = NonNullable<NonNullable<Parameters<Library['pipeline']>[2]>['device']>;

declare const self: DedicatedWorkerGlobalScope;

const tell = (message: FromTransformers, handedOver: Transferable[] = []) =>
  self.postMessage(message, handedOver);

let loaded: FeatureExtractionPipeline | undefined;

self.onmessage = async ({ data: { setup, texts } }: MessageEvent<ToTransformers>) => {
  try {
    loaded ??= await load(setup);
    const { pooling, normalize } = setup;
    const output = await loaded([...texts], { pooling, normalize });
    const vectors = Float32Array.from(output.data as Iterable<number>);
    output.dispose();
    tell({ vectors }, [vectors.buffer]);
  } catch (error) {
    tell({ failed: String(error), isLoading: loaded === undefined });
  }
};

async function load(setup: TransformersSetup): Promise<FeatureExtractionPipeline> {
  const { env, pipeline } = await importLibrary(setup.library);
  // Transformers.js names a CDN here. Without it ONNX Runtime takes the file beside its own code, as bundlers place it.
  env.backends.onnx.wasm!.wasmPaths = setup.wasmUrl === undefined ? {} : { wasm: setup.wasmUrl };
  env.allowLocalModels = false;
  if (setup.modelBaseUrl !== undefined) {
    // In place of the hub. Not as a local path: of one that is a URL, 4.3 finds the model and not its tokenizer.
    env.remoteHost = setup.modelBaseUrl;
    env.remotePathTemplate = '{model}/';
  }
  return pipeline('feature-extraction', setup.model, {
    revision: setup.revision,
    dtype: setup.dtype as Dtype,
    device: setup.device as Device,
    progress_callback: (info) => {
      if (info.status !== 'progress') return;
      tell({ progress: { file: info.file, loaded: info.loaded, total: info.total } });
    },
  });
}

async function importLibrary(url: string | undefined): Promise<Library> {
  if (url !== undefined) return import(/* @vite-ignore */ /* webpackIgnore: true */ url);
  // In a `try`, so that bundlers only warn where it is not installed: other embedders do not need it.
  try {
    return await import('@huggingface/transformers');
  } catch (error) {
    throw new Error(`@huggingface/transformers could not be imported; is it installed? ${error}`);
  }
}

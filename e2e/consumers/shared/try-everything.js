/** What was seen, or how it failed, is `globalThis.seen`, for the test. */
export async function tryEverything(nearshore, embedders, worker) {
  globalThis.seen = await seeEverything(nearshore, embedders, worker).catch((error) => String(error));
}

/** Uses all that a bundler has to find: the worker, the second worker, ONNX Runtime's WASM, the embedder's files. */
async function seeEverything({ openStore }, { staticEmbedder }, worker) {
  const options = worker === undefined ? {} : { worker };
  const store = await openStore('everything', options);
  const birds = await store.collection('birds', { embedder: staticEmbedder() });
  const kept = await birds.count();
  if (kept === 0) {
    await birds.upsert([
      { id: 'puffin', text: 'a small bird of the sea that dives for fish', metadata: { cm: 30 } },
      { id: 'gannet', text: 'a large bird of the sea that dives for fish', metadata: { cm: 95 } },
      { id: 'wren', text: 'a small brown bird of the wood', metadata: { cm: 10 } },
    ]);
  }
  const { matches } = await birds.query({ text: 'ocean', topK: 2, filter: { cm: { $lt: 50 } } });

  const dimension = 512;
  const rows = await store.collection('rows', { dimension });
  const vectors = clustered(8_192, dimension, 64);
  const ids = Array.from({ length: 8_192 }, (_, i) => `r${i}`);
  if ((await rows.count()) === 0) await rows.upsert({ ids, vectors });
  await rows.optimize();
  const { index } = await rows.stats();

  const graphs = await openStore('graphs', { ...options, storage: 'memory', kernel: 'onnx' });
  const decided = new Promise((resolve) => {
    // SIMD comes first, while ONNX Runtime loads.
    graphs.on('backend', ({ kernel, state }) => kernel === 'onnx' && resolve(`${kernel} ${state}`));
    graphs.on('degraded', ({ reason }) => resolve(reason));
  });
  const scored = await graphs.collection('rows', { dimension });
  await scored.upsert({ ids: ids.slice(0, 100), vectors: vectors.slice(0, 100 * dimension) });
  await scored.query({ vector: vectors.subarray(0, dimension) });
  return {
    kept,
    found: matches.map(({ id }) => id),
    index: index.kind,
    graphs: await decided,
  };
}

/** Row i lies around centre i mod `centres`, as embeddings do. */
function clustered(rows, dimension, centres) {
  let state = 1;
  return Float32Array.from({ length: rows * dimension }, (_, i) => {
    state = (state * 48_271) % 2_147_483_647;
    const near = i % dimension === Math.floor(i / dimension) % centres;
    return 0.1 * (state / 2_147_483_647 - 0.5) + (near ? 1 : 0);
  });
}

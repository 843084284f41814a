const [nearshore, embedders, testing] = await Promise.all([
  import('./nearshore.js'),
  import('./embedders.js'),
  import('./testing.js'),
]);
Object.assign(globalThis, { embedders, nearshore, testing });

export {};

const [nearshore, embedders] = await Promise.all([import('./nearshore.js'), import('./embedders.js')]);
Object.assign(globalThis, { embedders, nearshore });

export {};

/** Installed together, since they share most of what they need. `create-vite` makes the first. */
export const APPS = ['vite', 'webpack', 'esbuild', 'next', 'static', 'own-ort', 'types', 'server'] as const;

/** Installed by itself, since it overrides a version. */
export const TRANSFORMERS = 'transformers';

/** Of ONNX Runtime, beside those of `own-ort` and `transformers`: the oldest that is supported, and what is between. */
const ORT_VERSIONS = ['1.24.3', '1.27.0'];

/** `npm run test:consumers -- --all` */
export const runsAll = process.env.NEARSHORE_CONSUMERS === 'all';

/** 140 MB to install for each. */
export const OTHER_ORTS = runsAll ? ORT_VERSIONS : [];

/** The app `own-ort` with that version of ONNX Runtime. */
export const ownOrt = (version: string) => `own-ort-${version}`;

/** Installed together on each run. */
export const QUICK_APPS = ['vite', 'webpack', 'esbuild', 'static', 'own-ort', 'types', 'server'] as const;
/** Slow to install or to build; the last by itself, since it overrides a version. */
export const SLOW_APPS = ['next', 'transformers'] as const;

/** `npm run test:consumers -- --all` */
export const runsAll = process.env.NEARSHORE_CONSUMERS === 'all';

export { createServer } from './create-server.js';
export type * from './server-options.js';

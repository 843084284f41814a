/**
 * The sync and search server, in Node, as part of a program. By itself it is the program `nearshore-server`.
 *
 * @module nearshore-server
 */
export { createServer } from './create-server.js';
export type * from './server-options.js';

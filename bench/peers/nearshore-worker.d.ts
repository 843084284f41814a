/** Run for its effect; the worker's code is compiled by its own tsconfig. */
declare module 'nearshore/worker' {}

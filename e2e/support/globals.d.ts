/** Set by e2e/pages/blank.js. */
declare var nearshore: typeof import('nearshore');
declare var embedders: typeof import('nearshore/embedders');
declare var testing: typeof import('nearshore/testing');

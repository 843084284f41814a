/** Of the Trusted Types API, what is used here. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): ScriptUrlPolicy;
}
interface ScriptUrlPolicy {
  createScriptURL(url: string): string;
}

/** To be allowed by a page's `trusted-types` directive, where it has one. */
const POLICY = 'nearshore';

let made: ScriptUrlPolicy | undefined;

/**
 * Makes a worker from its bundler's URL where a policy has `require-trusted-types-for 'script'`, too. There the
 * constructor refuses texts and URLs, but bundlers find a worker only where `new Worker(new URL(…))` is written just so.
 * So the expression stays, and for as long as `make` runs, `Worker` is one that has its URL trusted.
 *
 * @param make makes one worker, at once
 */
export function makeTrusted(make: () => Worker): Worker {
  const policy = scriptUrlPolicy();
  if (policy === undefined) return make();
  const trust = (url: string | URL) => policy.createScriptURL(String(url));
  const Untrusting = globalThis.Worker;
  globalThis.Worker = class extends Untrusting {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(trust(url), options);
    }
  };
  try {
    return make();
  } finally {
    globalThis.Worker = Untrusting;
  }
}

/** One per page: a name may be used once. Undefined where it may not be used at all, and nothing has to be trusted or a default policy does it. */
function scriptUrlPolicy(): ScriptUrlPolicy | undefined {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  try {
    made ??= trustedTypes?.createPolicy(POLICY, { createScriptURL: (url) => url });
  } catch {
    // The page's policy does not name ours. Making the worker will show whether that matters.
  }
  return made;
}

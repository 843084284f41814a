/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 10;

/**
 * Stops this thread for as long as the page keeps `token`, a `blob:` URL: no message could reach it here.
 * `witness` is another one, which the page keeps: where it is gone, too, this thread is being terminated, and must not
 * go on meanwhile (Chromium gives it two seconds).
 */
export function standStill(token: string, witness: string): void {
  while (isThere(token) || !isThere(witness)) sleep();
}

function isThere(url: string): boolean {
  const request = new XMLHttpRequest();
  request.open('GET', url, false);
  try {
    request.send();
    return true;
  } catch {
    return false;
  }
}

/** Leaves the processor to others; not at all where there is no memory to wait on (it is shared with nobody). */
function sleep(): void {
  let memory: SharedArrayBuffer;
  try {
    memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer as never;
  } catch {
    return;
  }
  Atomics.wait(new Int32Array(memory), 0, 0, LOOK_EVERY_MS);
}

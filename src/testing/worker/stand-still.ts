/**
 * Stops this thread for as long as the page keeps `token`, a `blob:` URL: no message could reach it here, and
 * `Atomics.wait` would need a cross-origin isolated page. `witness` is another one, which the page keeps: where it is
 * gone, too, this thread is being terminated, and must not go on meanwhile (Chromium gives it two seconds).
 */
export function standStill(token: string, witness: string): void {
  for (;;) if (!isThere(token) && isThere(witness)) return;
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

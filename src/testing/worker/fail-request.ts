import type { Failure } from './rules.js';

/** The request is made, and its success becomes this failure, as the page sees it. */
export function failRequest(request: IDBRequest, { error }: Failure, onUnhandled: () => void): void {
  request.addEventListener('success', (event) => {
    event.stopImmediatePropagation();
    if (showError(request, error)) onUnhandled();
  });
}

/** A database that was opened is closed again; one that was made for it is unmade. */
export function failOpen(request: IDBOpenDBRequest, { error }: Failure): void {
  request.addEventListener('upgradeneeded', (event) => {
    event.stopImmediatePropagation();
    request.transaction?.abort();
  });
  request.addEventListener('success', (event) => {
    event.stopImmediatePropagation();
    // A deletion has no result.
    (request.result as IDBDatabase | undefined)?.close();
    showError(request, error);
  });
  request.addEventListener('error', () => replace(request, 'error', error));
}

/** Aborts a transaction with an error of our choice. One that is already ending ends as it will. */
export function abortWith(transaction: IDBTransaction, error: DOMException): void {
  try {
    transaction.abort();
  } catch {
    return;
  }
  replace(transaction, 'error', error);
}

/** True: nobody prevented the default, which is that the transaction aborts. */
function showError(request: IDBRequest, error: DOMException): boolean {
  replace(request, 'error', error);
  replace(request, 'result', undefined);
  return request.dispatchEvent(new Event('error', { bubbles: true, cancelable: true }));
}

function replace<T extends object>(target: T, property: keyof T, value: unknown): void {
  Object.defineProperty(target, property, { value, configurable: true });
}

/** What crosses between the page and a peer's worker: one message each way for a call. */
export interface Call {
  readonly call: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type Reply =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly error: string };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Page side: the methods of `M`, each a message to the worker and its reply. */
export class WorkerLink<M extends object> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      const waiting = this.#waiting.get(data.call);
      this.#waiting.delete(data.call);
      if ('error' in data) waiting?.reject(new Error(data.error));
      else waiting?.resolve(data.value);
    };
    worker.onerror = (event) => this.#failAll(new Error(`The worker failed: ${event.message}`));
  }

  call<K extends keyof M & string>(
    method: K,
    args: M[K] extends (...args: infer A) => unknown ? A : never,
    transfer: Transferable[] = [],
  ): Promise<M[K] extends (...args: never[]) => infer R ? Awaited<R> : never> {
    const call = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve: resolve as Waiting['resolve'], reject });
      this.#worker.postMessage({ call, method, args } satisfies Call, transfer);
    });
  }

  close(): void {
    this.#worker.terminate();
    this.#failAll(new Error('The worker was closed with a call under way.'));
  }

  #failAll(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

/** Worker side: answers calls by the methods of `target`, one after the other. */
export function serveCalls(target: object): void {
  const methods = target as Record<string, (...args: readonly unknown[]) => unknown>;
  let previous: Promise<void> = Promise.resolve();
  addEventListener('message', ({ data }: MessageEvent<Call>) => {
    previous = previous.then(async () => {
      try {
        const value = await methods[data.method]!(...data.args);
        postMessage({ call: data.call, value } satisfies Reply);
      } catch (error) {
        postMessage({
          call: data.call,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
      }
    });
  });
}

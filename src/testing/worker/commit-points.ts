import type { CommitPoint } from '../protocol.js';

/** Pages that the last commit of this scope has put: what half of them is, the next one cannot know beforehand. */
let pagesOfLastCommit = 2;

/** Creating and dropping a collection are none: they have the store's row in their scope, too. */
export function isCommit(mode: IDBTransactionMode | undefined, stores: Iterable<string>): boolean {
  const names = new Set(stores);
  return mode === 'readwrite' && names.has('pages') && names.has('collections') && !names.has('meta');
}

/** Tells the points of one commit from its calls. */
export class CommitPoints {
  #pages = 0;
  #rowStates = 0;
  #deletes = 0;
  readonly #passed = new Set<CommitPoint>();

  constructor(private readonly reach: (point: CommitPoint) => void) {}

  beforeCall(call: string, store: string): void {
    const isPut = call === 'put';
    if (this.#pages > 0 && !(isPut && store === 'pages')) this.#pass('last-page-put');
    if (this.#rowStates > 0 && !(isPut && store === 'rowStates')) this.#pass('row-states-put');
    if (this.#deletes > 0 && call !== 'delete') this.#pass('removed-pages-deleted');
  }

  afterCall(call: string, store: string, request: IDBRequest): void {
    if (store === 'collections' && call === 'put') this.#pass('row-put');
    if (store === 'collections' && call === 'get') {
      request.addEventListener('success', () => this.#pass('generation-read'));
    }
    if (call === 'delete') this.#deletes++;
    if (call === 'put' && store === 'rowStates') this.#rowStates++;
    if (call !== 'put' || store !== 'pages') return;
    this.#pages++;
    if (this.#pages === 1) this.#pass('first-page-put');
    if (this.#pages >= pagesOfLastCommit / 2) this.#pass('half-of-pages-put');
  }

  completed(): void {
    if (this.#pages > 0) pagesOfLastCommit = this.#pages;
    this.#pass('complete');
  }

  #pass(point: CommitPoint): void {
    if (this.#passed.has(point)) return;
    this.#passed.add(point);
    this.reach(point);
  }
}

/**
 * `'returning'`: the store was there; `'first'`: it was created; `'evicted'`: it had been there, was gone, and was created
 * empty. `'unknown'`: it was created, and whether there had been one cannot be told, since this browser may evict what
 * would tell it (Firefox, Safari) or lets nothing be kept.
 */
export type Visit = 'returning' | 'first' | 'evicted' | 'unknown';

/**
 * How finely the vectors of large segments (2,048 records and more) are held in memory. On disk they are float32 always.
 *
 * | | bytes per number | scores | reads from disk |
 * |---|---|---|---|
 * | `'none'` | 5: float32, and int8 to scan | exact | none |
 * | `'int16'` | 2 | off by about 2e-6 of the lengths' product; exact with `exact: true` | with `exact: true`, the winners |
 * | `'int8'` | 1 | exact | the few records that may be among the best, on every query: milliseconds |
 */
export type Quantization = 'none' | 'int16' | 'int8';

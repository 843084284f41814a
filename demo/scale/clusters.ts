/** Vectors around seeded centres, as embeddings lie: the same seed gives the same ones. */
export class Clusters {
  readonly #centres: Float32Array;
  #state: number;

  constructor(
    readonly dimension: number,
    private readonly clusters: number,
    seed: number,
  ) {
    this.#state = seed;
    this.#centres = Float32Array.from({ length: clusters * dimension }, () => this.#normal());
  }

  /** `count` × `dimension`, row-major; each near a centre, by 0.6 of the distance of two of them. */
  next(count: number): Float32Array {
    const vectors = new Float32Array(count * this.dimension);
    for (let row = 0; row < count; row++) {
      const centre = Math.floor(this.#uniform() * this.clusters) * this.dimension;
      for (let i = 0; i < this.dimension; i++) {
        vectors[row * this.dimension + i] = this.#centres[centre + i]! + 0.6 * this.#normal();
      }
    }
    return vectors;
  }

  /** Box and Muller, 1958. */
  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#uniform())) * Math.cos(2 * Math.PI * this.#uniform());
  }

  /** Mulberry32, by Tommy Ettinger. */
  #uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }
}

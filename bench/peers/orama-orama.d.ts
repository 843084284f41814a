/** The part of @orama/orama 3.1.18 that is used here. */
declare module '@orama/orama' {
  export interface Orama {
    readonly _nominal: unique symbol;
  }
  export interface Document {
    id: string;
    bucket: number;
    rank: number;
    embedding: number[];
  }
  type Comparison = { eq: number } | { lt: number };
  export function create(options: { schema: Record<string, string>; sort: { enabled: boolean } }): Orama;
  export function insert(orama: Orama, document: Document): string | Promise<string>;
  export function insertMultiple(orama: Orama, documents: Document[]): string[] | Promise<string[]>;
  export function searchVector(
    orama: Orama,
    query: {
      vector: { property: string; value: Float32Array };
      /** Least cosine of a hit; 0.8 by default. */
      similarity: number;
      limit: number;
      where?: Record<string, Comparison>;
    },
  ): { hits: { id: string }[] } | Promise<{ hits: { id: string }[] }>;
  export function save(orama: Orama): object;
  export function load(orama: Orama, saved: object): void;
}

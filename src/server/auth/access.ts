/** What a request may do, as its verified token says. */
export interface Access {
  readonly tenant: string;
  /** `<store>/<collection>`, where a `*` at the end stands for anything. */
  readonly collections: readonly string[];
  readonly write: boolean;
  /** Milliseconds since 1970; absent: never. */
  readonly expiresAt?: number;
}

/** What a token or a key says of itself. */
export interface Claims {
  readonly tenant: string;
  readonly collections: readonly string[];
  /** `write` allows reading, too. */
  readonly access: 'read' | 'write' | readonly ('read' | 'write')[];
}

export function accessOf({ tenant, collections, access }: Claims): Access {
  return { tenant, collections, write: access === 'write' || access.includes('write') };
}

export function covers({ collections }: Access, store: string, collection: string): boolean {
  const name = `${store}/${collection}`;
  return collections.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}

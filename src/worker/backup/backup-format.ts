import type { CollectionConfig } from '../../shared/types.js';

// The backup file, version 1, as SPEC has it. Numbers are little-endian, as every browser's platform is.
//
// A head, then frames up to the one that ends it. Every frame is a multiple of 4 bytes long, so that all of its
// numbers are aligned in the file.

/** Not text from its first byte on, and with both line ends in it: what "converts" the file is found out, as with PNG. */
export const MAGIC: readonly number[] = [0x89, 0x6e, 0x65, 0x61, 0x72, 0x0d, 0x0a, 0x1a];

/** 1: first. A number changes only when an older release could no longer read the file. */
export const VERSION = 1;

/** The magic, then the version (uint32). */
export const FILE_HEAD_BYTES = MAGIC.length + 4;

/**
 * Type, length of the payload, checksum (uint32 each). The checksum is the CRC-32 of type, length and payload, begun
 * with that of the frame before (the first: 0): it covers all of the file so far, so that a frame that is missing,
 * comes twice or at another place does not match.
 */
export const FRAME_HEAD_BYTES = 12;

/** Above the largest value that a browser's IndexedDB takes (Chromium: 127 MiB), and so above any record. */
export const MAX_FRAME_BYTES = 256 << 20;

/** Set in a frame's type: whoever does not know it passes over the frame. */
export const OPTIONAL = 0x8000_0000;

export const FRAME = {
  /** JSON: `StoreHead`. The first. */
  store: 1,
  /** JSON: `CollectionHead`. Its records follow. */
  collection: 2,
  /** Records of the collection before; see records-frame.ts. */
  records: 3,
  /** JSON: `BackupEnd`. The last. */
  end: 4,
} as const;

/** A page of a quarantined segment of the collection before; see quarantined-frame.ts. `import` passes over it. */
export const QUARANTINED_PAGE = OPTIONAL + 5;

export interface StoreHead {
  readonly store: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** What wrote it, for people to read. */
  readonly writer: string;
  /** In the order of their frames. */
  readonly collections: readonly CollectionConfig[];
}

export interface CollectionHead extends CollectionConfig {
  readonly generation: number;
  readonly records: number;
}

/** Which page it is. */
export interface QuarantinedPageHead {
  readonly segment: number;
  readonly rows: number;
  /** What was found, in words. */
  readonly reason: string;
  readonly column: string;
  readonly index: number;
  /** The xxHash32 that its bytes had when they were written, as far as it can be told. */
  readonly checksum: number;
  readonly bytes: number;
}

export interface BackupEnd {
  readonly collections: number;
  readonly records: number;
}

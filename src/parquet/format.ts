import { FORMAT_VERSION } from "../core/layout.ts";

// Numbers of parquet.thrift (https://github.com/apache/parquet-format), only those that our files use.

/** The four bytes at both ends of a file. */
export const MAGIC = Uint8Array.of(0x50, 0x41, 0x52, 0x31);

/** `enum Type` */
export const TYPE = { int64: 2, double: 5, byteArray: 6 } as const;
/** `enum ConvertedType` */
export const CONVERTED = { utf8: 0, timestampMicros: 10 } as const;
/** `enum FieldRepetitionType` */
export const REPETITION = { optional: 1 } as const;
/** `enum Encoding` */
export const ENCODING = { plain: 0, rle: 3, rleDictionary: 8 } as const;
/** `enum CompressionCodec` */
export const CODEC = { uncompressed: 0, zstd: 6 } as const;
/** `enum PageType` */
export const PAGE = { data: 0, dictionary: 2 } as const;

/**
 * Rows of a row group at most. A column has one data page in a row group, and with this many rows a page of 64-bit
 * values has 1 MiB, the size that most writers keep to.
 */
export const ROWS_PER_GROUP = 131_072;

/**
 * The writer's name in the footer, in the form that readers look for ("application version x (build y)"). It names the
 * lake's format and not the program's version, so that the same rows give the same bytes after an update.
 */
export const CREATED_BY = `candlelake version ${FORMAT_VERSION}.0.0 (build ${FORMAT_VERSION})`;

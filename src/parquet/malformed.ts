/** The bytes are no Parquet file that this program writes. Stays inside src/parquet: callers get a DataError. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

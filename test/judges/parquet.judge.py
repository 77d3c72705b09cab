"""Reads a lake as its users do, in one line for each table, and compares every value with what was written.

Usage: parquet.judge.py LAKE   (a folder with expected.json and <table>.arrow beside the tables' folders)
"""

import json
import struct
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.feather
import pyarrow.parquet as pq

lake = sys.argv[1]
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")

ARROW = {
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "FLOAT64": pa.float64(),
    "INT64": pa.int64(),
    "STRING": pa.string(),
}
KEY = pa.dictionary(pa.int32(), pa.string())
PANDAS = {"TIMESTAMP": "datetime64[us, UTC]", "FLOAT64": "float64", "INT64": "int64", "STRING": "str"}
POLARS = {"TIMESTAMP": pl.Datetime("us", "UTC"), "FLOAT64": pl.Float64, "INT64": pl.Int64, "STRING": pl.String}
DUCKDB = {"TIMESTAMP": "TIMESTAMP WITH TIME ZONE", "FLOAT64": "DOUBLE", "INT64": "BIGINT", "STRING": "VARCHAR"}


def bits(value, kind):
    """A value as text that differs when any bit does."""
    if value is None:
        return None
    return struct.pack(">d", value).hex() if kind == "FLOAT64" else str(value)


def values(table, name, kind):
    column = table.column(name).combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if kind == "TIMESTAMP":
        column = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    return [bits(value, kind) for value in column.to_pylist()]


def same(reader, name, spec, table):
    """Every column of every row; folders are read in no particular order, so rows are sorted by their key first."""
    key = [(column, "ascending") for column in spec["key"]]
    plain = pa.table({c["name"]: table.column(c["name"]) for c in spec["columns"]})
    for column in spec["columns"]:
        i = plain.column_names.index(column["name"])
        if pa.types.is_dictionary(plain.column(i).type):
            plain = plain.set_column(i, column["name"], pc.cast(plain.column(i), pa.string()))
    plain = plain.sort_by(key)
    assert plain.num_rows == spec["rows"], f"{reader}: {name} has {plain.num_rows} rows in place of {spec['rows']}"
    for column in spec["columns"]:
        found = values(plain, column["name"], column["type"])
        assert found == column["values"], f"{reader}: values of {name}.{column['name']} differ"


def types(reader, name, spec, expected, found):
    for column in spec["columns"]:
        want = expected(column)
        got = found(column["name"])
        assert got == want, f"{reader}: {name}.{column['name']} is {got} in place of {want}"


def with_pandas(name, spec):
    frame = pd.read_parquet(f"{lake}/{name}")
    nulls = {c["name"] for c in spec["columns"] if None in c["values"]}

    def expected(column):
        if column["key"]:
            return "category"
        # pandas has no NULL in an integer column of its own.
        return "float64" if column["type"] == "INT64" and column["name"] in nulls else PANDAS[column["type"]]

    types("pandas", name, spec, expected, lambda c: str(frame[c].dtype))
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for column in spec["columns"]:
        if column["type"] == "INT64":
            i = table.column_names.index(column["name"])
            table = table.set_column(i, column["name"], table.column(i).cast(pa.int64()))
    same("pandas", name, spec, table)


def with_polars(name, spec):
    for reader, frame in {
        "polars read_parquet": pl.read_parquet(f"{lake}/{name}/**/*.parquet"),
        "polars read_parquet of the folder": pl.read_parquet(f"{lake}/{name}/"),
        "polars scan_parquet": pl.scan_parquet(f"{lake}/{name}/**/*.parquet", hive_partitioning=True).collect(),
    }.items():
        types(
            reader,
            name,
            spec,
            lambda c: pl.Categorical() if c["key"] else POLARS[c["type"]],
            lambda c, frame=frame: frame.schema[c],
        )
        same(reader, name, spec, frame.to_arrow())


def folders(name):
    """The folders' columns as dictionaries, as pandas has them; "hive" alone would make them plain text."""
    return ds.dataset(f"{lake}/{name}", partitioning=ds.HivePartitioning.discover(infer_dictionary=True))


def with_pyarrow(name, spec):
    for reader, table in {
        "pyarrow.dataset": ds.dataset(f"{lake}/{name}").to_table(),
        "pyarrow.dataset with folders": folders(name).to_table(),
        "pyarrow.parquet": pq.read_table(f"{lake}/{name}"),
    }.items():
        expected = lambda c: KEY if c["key"] else ARROW[c["type"]]
        types(reader, name, spec, expected, lambda c, table=table: table.schema.field(c).type)
        table.validate(full=True)
        same(reader, name, spec, table)


def with_duckdb(name, spec):
    for options in "", ", hive_partitioning = true":
        relation = con.sql(f"FROM read_parquet('{lake}/{name}/**/*.parquet'{options})")
        found = dict(zip(relation.columns, map(str, relation.types)))
        types("DuckDB", name, spec, lambda c: DUCKDB[c["type"]], found.__getitem__)
        same("DuckDB", name, spec, relation.to_arrow_table())


def with_folders(name, spec):
    """Folder names select files: no row of another interval comes along."""
    key = next((c for c in spec["columns"] if c["key"]), None)
    if key is None:
        return
    for word in set(key["values"]):
        rows = key["values"].count(word)
        column = key["name"]
        answers = {
            "pandas": len(pd.read_parquet(f"{lake}/{name}", filters=[(column, "==", word)])),
            "polars": pl.scan_parquet(f"{lake}/{name}/", hive_partitioning=True)
            .filter(pl.col(column) == word)
            .collect()
            .height,
            "pyarrow": folders(name).count_rows(filter=ds.field(column) == word),
            "DuckDB": con.sql(
                f"SELECT count(*) FROM read_parquet('{lake}/{name}/**/*.parquet') WHERE \"{column}\" = '{word}'"
            ).fetchall()[0][0],
        }
        for reader, found in answers.items():
            assert found == rows, f"{reader}: {name} has {found} rows of {column} {word} in place of {rows}"


def with_arrow(name, spec):
    path = f"{lake}/{name}.arrow"
    table = pa.ipc.open_file(path).read_all()
    table.validate(full=True)
    types("pyarrow.ipc", name, spec, lambda c: ARROW[c["type"]], lambda c: table.schema.field(c).type)
    same("pyarrow.ipc", name, spec, table)
    same("pyarrow.feather", name, spec, pa.feather.read_table(path))
    frame = pl.read_ipc(path)
    types("polars read_ipc", name, spec, lambda c: POLARS[c["type"]], lambda c: frame.schema[c])
    same("polars read_ipc", name, spec, frame.to_arrow())
    feather = pd.read_feather(path)
    assert len(feather) == spec["rows"] and str(feather[spec["key"][-1]].dtype) == "datetime64[us, UTC]"


def with_footers(name, spec):
    """What the footers say of each file is true, and Arrow knows no reason to doubt it."""
    for fragment in ds.dataset(f"{lake}/{name}").get_fragments():
        metadata = pq.ParquetFile(fragment.path, page_checksum_verification=True).metadata
        assert metadata.created_by == "candlelake version 1.0.0 (build 1)"
        table = pq.ParquetFile(fragment.path).read()
        group = metadata.row_group(0)
        for i in range(group.num_columns):
            statistics = group.column(i).statistics
            column = table.column(i)
            assert statistics.null_count == column.null_count, f"{name}: null_count of column {i}"
            if statistics.has_min_max:
                plain = column.combine_chunks()
                plain = plain.dictionary_decode() if pa.types.is_dictionary(plain.type) else plain
                found = pc.min_max(plain).as_py()
                assert (statistics.min, statistics.max) == (found["min"], found["max"]), f"{name}: range of column {i}"
            else:
                assert column.null_count == len(column), f"{name}: column {i} has no range"


tables = json.load(open(f"{lake}/expected.json"))
for name, spec in tables.items():
    for check in with_pandas, with_polars, with_pyarrow, with_duckdb, with_folders, with_footers, with_arrow:
        check(name, spec)
rows = sum(spec["rows"] for spec in tables.values())
print(
    f"{len(tables)} tables, {rows} rows: pandas {pd.__version__}, polars {pl.__version__}, "
    f"pyarrow {pa.__version__}, duckdb {duckdb.__version__} agree"
)

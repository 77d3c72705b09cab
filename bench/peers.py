"""What one writes by hand for the same job: monthly archives to a Parquet file a day, with pandas or polars.

    peers.py pandas|polars FOLDER OUT

Compares the published hash and checks nothing else. Reads local files; there is no network in it.
"""

import hashlib
import io
import pathlib
import sys
import zipfile

engine, source, target = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
NAMES = "open_time open high low close volume close_time quote_volume trades taker_base taker_quote unused".split()
MICROSECONDS = 10**14


def member(file: pathlib.Path) -> bytes:
    packed = file.read_bytes()
    published = pathlib.Path(f"{file}.CHECKSUM").read_text().split()[0]
    if hashlib.sha256(packed).hexdigest() != published:
        sys.exit(f"{file} is not what was published")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return archive.read(archive.namelist()[0])


def with_pandas(text: bytes):
    import pandas as pd

    frame = pd.read_csv(io.BytesIO(text), names=NAMES).drop(columns="unused")
    unit = "us" if frame["open_time"].iat[0] >= MICROSECONDS else "ms"
    for column in ("open_time", "close_time"):
        frame[column] = pd.to_datetime(frame[column], unit=unit, utc=True)
    frame["interval"], frame["symbol"] = "1m", "BTCUSDT"
    for day, rows in frame.groupby(frame["open_time"].dt.strftime("%Y-%m-%d")):
        yield day, lambda path, rows=rows: rows.to_parquet(path, index=False)


def with_polars(text: bytes):
    import polars as pl

    frame = pl.read_csv(text, has_header=False, new_columns=NAMES).drop("unused")
    unit = "us" if frame["open_time"][0] >= MICROSECONDS else "ms"
    times = [pl.from_epoch(name, time_unit=unit).dt.replace_time_zone("UTC") for name in ("open_time", "close_time")]
    frame = frame.with_columns(*times, interval=pl.lit("1m"), symbol=pl.lit("BTCUSDT"))
    days = frame.with_columns(day=pl.col("open_time").dt.strftime("%Y-%m-%d")).partition_by("day", as_dict=True)
    for (day,), rows in days.items():
        yield day, rows.drop("day").write_parquet


for file in sorted(source.rglob("*.zip")):
    for day, write in (with_pandas if engine == "pandas" else with_polars)(member(file)):
        year, month, date = day.split("-")
        folder = target / f"interval=1m/yyyy={year}/mm={month}/dd={date}"
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / f"btcusdt_{day}.parquet")

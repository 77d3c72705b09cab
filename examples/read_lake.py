"""The lake's folders in pandas and polars: python read_lake.py data"""

import sys

import pandas as pd
import polars as pl

data = sys.argv[1]

# pandas: a table's folder is one data frame.
candles = pd.read_parquet(f"{data}/spot_klines")
hourly = candles[(candles["symbol"] == "BTCUSDT") & (candles["interval"] == "1h")].sort_values("open_time").set_index("open_time")
print("pandas", len(hourly), "candles, last close", hourly["close"].iloc[-1])

# pandas reads no more than it is asked for either: folders and columns can be named.
closes = pd.read_parquet(f"{data}/spot_klines", columns=["open_time", "close"], filters=[("interval", "==", "1h")])
print("pandas", len(closes), "closes, highest", closes["close"].max())

# polars: the same files, lazily.
last = (
    pl.scan_parquet(f"{data}/spot_klines/**/*.parquet")
    .filter((pl.col("symbol") == "BTCUSDT") & (pl.col("interval") == "1h"))
    .sort("open_time")
    .select(pl.len().alias("rows"), pl.col("close").last())
    .collect()
)
print("polars", last["rows"][0], "candles, last close", last["close"][0])

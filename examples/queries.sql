-- `candlelake query` runs each of these. They read alike in DuckDB and BigQuery: `interval` is a reserved word in
-- BigQuery, and after a table's name (k.interval) both take it without quotes.

-- Daily candles out of hourly ones.
SELECT CAST(k.open_time AS DATE) AS day, min(k.low) AS low, max(k.high) AS high, sum(k.volume) AS volume, count(*) AS candles
FROM spot_klines AS k
WHERE k.symbol = 'BTCUSDT' AND k.interval = '1h'
GROUP BY 1
ORDER BY 1;

-- Distance of the perpetual from spot, where both have a candle.
SELECT f.open_time, f.close / s.close - 1 AS distance, f.funding_rate
FROM futures_metrics AS f
JOIN spot_klines AS s ON s.symbol = f.symbol AND s.interval = f.interval AND s.open_time = f.open_time
WHERE f.symbol = 'BTCUSDT'
ORDER BY f.open_time;

-- What a long position of one unit paid.
SELECT r.symbol, sum(r.funding_rate) AS paid, count(*) AS events
FROM funding_rates AS r
GROUP BY r.symbol;

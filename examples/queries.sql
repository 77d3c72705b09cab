-- `candlelake query` runs each of these. They read alike in DuckDB and BigQuery: `interval` is a reserved word in
-- BigQuery, and after a table's name (k.interval) both take it without quotes.

-- Daily candles out of hourly ones. Days of fewer than 24 candles have gaps, which `candlelake status` explains.
SELECT k.venue, k.symbol, CAST(k.open_time AS DATE) AS day,
  min(k.low) AS low, max(k.high) AS high, sum(k.volume) AS volume, count(*) AS candles
FROM spot_klines AS k
WHERE k.symbol = 'BTCUSDT' AND k.interval = '1h'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;

-- Distance of the perpetual from spot. Venues are different markets: both sides have to be of the same one.
SELECT f.open_time, f.close / s.close - 1 AS distance, f.funding_rate
FROM futures_metrics AS f
JOIN spot_klines AS s
  ON s.venue = f.venue AND s.symbol = f.symbol AND s.interval = f.interval AND s.open_time = f.open_time
WHERE f.symbol = 'BTCUSDT' AND f.interval = '1h'
ORDER BY f.open_time;

-- What a long position of one unit paid, and over how many hours.
SELECT r.venue, r.symbol, sum(r.funding_rate) AS paid, sum(r.interval_hours) AS hours, count(*) AS events
FROM funding_rates AS r
GROUP BY r.venue, r.symbol
ORDER BY r.venue, r.symbol;

-- Closes at which no open interest was known: the venue keeps it for 30 days, and missing is NULL.
SELECT f.symbol, f.interval, count(*) AS closes, count(f.open_interest) AS known
FROM futures_metrics AS f
GROUP BY f.symbol, f.interval
ORDER BY f.symbol, f.interval;

/** GoogleSQL's functions that are served, by what DuckDB is to call. Those that begin with `bq_` are macros. */
export const FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ...same(
    "COUNT SUM AVG MIN MAX ANY_VALUE ARRAY_AGG STRING_AGG STDDEV STDDEV_SAMP STDDEV_POP VARIANCE VAR_SAMP VAR_POP CORR " +
      "COVAR_POP COVAR_SAMP MAX_BY MIN_BY BIT_AND BIT_OR BIT_XOR APPROX_COUNT_DISTINCT " +
      "ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST NTILE LAG LEAD FIRST_VALUE LAST_VALUE NTH_VALUE " +
      "ABS SIGN ROUND TRUNC CEIL CEILING FLOOR SQRT POW POWER EXP LN LOG10 MOD GREATEST LEAST SIN COS TAN ATAN " +
      "CONCAT LENGTH UPPER LOWER TRIM LTRIM RTRIM SUBSTR SUBSTRING REPLACE STARTS_WITH ENDS_WITH REVERSE LPAD RPAD " +
      "REPEAT STRPOS COALESCE IFNULL NULLIF IF CAST EXTRACT LAST_DAY UNNEST ARRAY_CONCAT",
  ),
  ["SAFE_CAST", "TRY_CAST"],
  ["COUNTIF", "count_if"],
  ["LOGICAL_AND", "bool_and"],
  ["LOGICAL_OR", "bool_or"],
  ["PERCENTILE_CONT", "quantile_cont"],
  ["PERCENTILE_DISC", "quantile_disc"],
  ["IS_NAN", "isnan"],
  ["IS_INF", "isinf"],
  ["RAND", "random"],
  ["CHAR_LENGTH", "length"],
  ["BYTE_LENGTH", "strlen"],
  ["SPLIT", "string_split"],
  ["REGEXP_CONTAINS", "regexp_matches"],
  ["ARRAY_LENGTH", "len"],
  ["GENERATE_ARRAY", "generate_series"],
  ["GENERATE_TIMESTAMP_ARRAY", "generate_series"],
  ...macros(
    "SAFE_DIVIDE IEEE_DIVIDE LOG DIV REGEXP_REPLACE TO_HEX TO_JSON_STRING TIMESTAMP DATE DATETIME STRING TIMESTAMP_TRUNC " +
      "DATETIME_TRUNC DATE_TRUNC TIMESTAMP_ADD TIMESTAMP_SUB DATETIME_ADD DATETIME_SUB DATE_ADD DATE_SUB TIMESTAMP_DIFF " +
      "DATE_DIFF TIMESTAMP_MILLIS TIMESTAMP_SECONDS TIMESTAMP_MICROS UNIX_SECONDS UNIX_MILLIS UNIX_MICROS " +
      "FORMAT_TIMESTAMP FORMAT_DATE FORMAT_DATETIME PARSE_TIMESTAMP PARSE_DATE",
  ),
]);

function same(names: string): [string, string][] {
  return names.split(" ").map((name) => [name, name.toLowerCase()]);
}

function macros(names: string): [string, string][] {
  return names.split(" ").map((name) => [name, `bq_${name.toLowerCase()}`]);
}

/** Words that may stand before a parenthesis without being functions. */
export const BEFORE_PARENTHESIS: ReadonlySet<string> = new Set(
  (
    "IN OVER AS VALUES AND OR NOT FROM JOIN ON USING WHERE HAVING QUALIFY WHEN THEN ELSE CASE SELECT EXISTS BETWEEN BY " +
    "INTERVAL LIMIT ALL DISTINCT ANY SOME EXCEPT REPLACE UNION INTERSECT WITH SET ARRAY " +
    "WINDOW LIKE IS RETURN OPTIONS INTO"
  ).split(" "),
);

const SPAN =
  "CASE part WHEN 'MICROSECOND' THEN 1 WHEN 'MILLISECOND' THEN 1000 WHEN 'SECOND' THEN 1000000 WHEN 'MINUTE' THEN 60000000 " +
  "WHEN 'HOUR' THEN 3600000000 WHEN 'DAY' THEN 86400000000 END";

/** What a fresh database is told. */
export const SETUP: readonly string[] = [
  "SET TimeZone = 'UTC'",
  "SET default_null_order = 'nulls_first_on_asc_last_on_desc'",
  "CREATE MACRO bq_current_timestamp() AS getvariable('bq_now')",
  "CREATE MACRO bq_current_date() AS CAST(getvariable('bq_now') AS DATE)",
  "CREATE MACRO bq_list(items) AS items",
  "CREATE MACRO bq_safe_divide(a, b) AS a / nullif(b, 0)",
  "CREATE MACRO bq_ieee_divide(a, b) AS CASE WHEN b <> 0 THEN a / b WHEN a = 0 THEN 'NaN'::DOUBLE ELSE sign(a) * 'Infinity'::DOUBLE END",
  "CREATE MACRO bq_log(x) AS ln(x), (x, b) AS ln(x) / ln(b)",
  "CREATE MACRO bq_div(a, b) AS CAST(trunc(a / b) AS BIGINT)",
  "CREATE MACRO bq_regexp_replace(a, b, c) AS regexp_replace(a, b, c, 'g')",
  "CREATE MACRO bq_to_hex(a) AS lower(hex(a))",
  "CREATE MACRO bq_to_json_string(a) AS CAST(to_json(a) AS VARCHAR)",
  "CREATE MACRO bq_timestamp(a) AS CAST(a AS TIMESTAMPTZ)",
  "CREATE MACRO bq_date(a) AS CAST(a AS DATE), (ts, zone) AS CAST(ts AT TIME ZONE zone AS DATE), (y, m, d) AS make_date(y, m, d)",
  "CREATE MACRO bq_datetime(a) AS CAST(a AS TIMESTAMP)",
  "CREATE MACRO bq_string(a) AS CAST(a AS VARCHAR)",
  "CREATE MACRO bq_timestamp_trunc(ts, part) AS date_trunc(part, ts), (ts, part, zone) AS date_trunc(part, ts AT TIME ZONE zone) AT TIME ZONE zone",
  "CREATE MACRO bq_datetime_trunc(ts, part) AS date_trunc(part, ts)",
  "CREATE MACRO bq_date_trunc(d, part) AS CAST(date_trunc(part, d) AS DATE)",
  "CREATE MACRO bq_timestamp_add(ts, span) AS ts + span",
  "CREATE MACRO bq_timestamp_sub(ts, span) AS ts - span",
  "CREATE MACRO bq_datetime_add(ts, span) AS ts + span",
  "CREATE MACRO bq_datetime_sub(ts, span) AS ts - span",
  "CREATE MACRO bq_date_add(d, span) AS CAST(d + span AS DATE)",
  "CREATE MACRO bq_date_sub(d, span) AS CAST(d - span AS DATE)",
  `CREATE MACRO bq_timestamp_diff(a, b, part) AS CAST(trunc((epoch_us(a) - epoch_us(b)) / ${SPAN}) AS BIGINT)`,
  "CREATE MACRO bq_date_diff(a, b, part) AS date_diff(part, b, a)",
  "CREATE MACRO bq_timestamp_millis(x) AS make_timestamptz(CAST(x AS BIGINT) * 1000)",
  "CREATE MACRO bq_timestamp_seconds(x) AS make_timestamptz(CAST(x AS BIGINT) * 1000000)",
  "CREATE MACRO bq_timestamp_micros(x) AS make_timestamptz(CAST(x AS BIGINT))",
  "CREATE MACRO bq_unix_seconds(ts) AS CAST(floor(epoch_us(ts) / 1000000) AS BIGINT)",
  "CREATE MACRO bq_unix_millis(ts) AS CAST(floor(epoch_us(ts) / 1000) AS BIGINT)",
  "CREATE MACRO bq_unix_micros(ts) AS epoch_us(ts)",
  "CREATE MACRO bq_format_timestamp(p, ts) AS strftime(ts, p), (p, ts, zone) AS strftime(ts AT TIME ZONE zone, p)",
  "CREATE MACRO bq_format_datetime(p, ts) AS strftime(ts, p)",
  "CREATE MACRO bq_format_date(p, d) AS strftime(d, p)",
  "CREATE MACRO bq_parse_timestamp(p, t) AS CAST(strptime(t, p) AS TIMESTAMPTZ)",
  "CREATE MACRO bq_parse_date(p, t) AS CAST(strptime(t, p) AS DATE)",
];

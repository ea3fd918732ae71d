"""Reads files by pyarrow, polars and DuckDB with the settings of the source and no others."""

import duckdb
import polars
import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet


def delimiter_of(path, settings):
    """The delimiter of the settings, or the most frequent one in the first line."""
    if "delimiter" in settings:
        return settings["delimiter"]
    with open(path, "rb") as file:
        first = file.readline()
    return max(",;\t|", key=lambda delimiter: first.count(delimiter.encode()))


def skipped_lines(settings):
    header = settings.get("header")
    line = header - 1 if isinstance(header, int) and not isinstance(header, bool) else 0
    return settings.get("skipLines", line)


def read_by_polars(path, format_, settings):
    if format_ == "csv-text":
        # All values as text; only an unquoted empty one is null.
        frame = polars.read_csv(path, infer_schema=False)
        # Polars does not unescape doubled quotes in names.
        return frame.rename(lambda name: name.replace('""', '"')).to_arrow()
    if format_ == "parquet":
        return polars.read_parquet(path).to_arrow()
    if format_ == "json":
        return polars.read_json(path).to_arrow()
    if format_ == "ndjson":
        return polars.read_ndjson(path).to_arrow()
    options = {
        "separator": delimiter_of(path, settings),
        "has_header": settings.get("header") is not False,
        "skip_lines": skipped_lines(settings),
        "encoding": settings.get("encoding", "utf8"),
    }
    if "quote" in settings:
        options["quote_char"] = settings["quote"] or None
    if "comment" in settings:
        options["comment_prefix"] = settings["comment"]
    if "nullTexts" in settings:
        options["null_values"] = settings["nullTexts"]
    if settings.get("decimalSeparator") == ",":
        options["decimal_comma"] = True
    return polars.read_csv(path, **options).to_arrow()


def read_by_pyarrow(path, format_, settings):
    if format_ == "csv-text":
        return read_text_by_pyarrow(path)
    if format_ == "parquet":
        return pa.parquet.ParquetFile(path, page_checksum_verification=True).read()
    if format_ in ("json", "ndjson"):
        return pa.json.read_json(path)
    read = pa.csv.ReadOptions(
        encoding=settings.get("encoding", "utf8"),
        skip_rows=skipped_lines(settings),
        autogenerate_column_names=settings.get("header") is False,
    )
    parse = pa.csv.ParseOptions(delimiter=delimiter_of(path, settings), newlines_in_values=True)
    if "quote" in settings:
        parse.quote_char = settings["quote"] or False
    if "escape" in settings:
        parse.escape_char = settings["escape"] or False
    convert = pa.csv.ConvertOptions()
    if "nullTexts" in settings:
        convert = pa.csv.ConvertOptions(null_values=settings["nullTexts"], strings_can_be_null=True)
    if settings.get("decimalSeparator") == ",":
        convert.decimal_point = ","
    return pa.csv.read_csv(path, read_options=read, parse_options=parse, convert_options=convert)


def read_text_by_pyarrow(path):
    # An empty line is a row if there is one column. A row may be longer than pyarrow's default block.
    parse = pa.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
    read = pa.csv.ReadOptions(block_size=64 * 1024 * 1024)
    names = pa.csv.open_csv(path, read_options=read, parse_options=parse).schema.names
    convert = pa.csv.ConvertOptions(
        column_types={name: pa.string() for name in names},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    return pa.csv.read_csv(path, read_options=read, parse_options=parse, convert_options=convert)


def read_by_duckdb(path, format_, settings):
    connection = duckdb.connect()
    connection.sql("SET TimeZone = 'UTC'")
    if format_ == "parquet":
        return connection.read_parquet(path).to_arrow_table()
    if format_ in ("json", "ndjson"):
        return connection.read_json(path).to_arrow_table()
    names = {
        "delimiter": "delim",
        "quote": "quote",
        "escape": "escape",
        "comment": "comment",
        "nullTexts": "nullstr",
        "encoding": "encoding",
        "decimalSeparator": "decimal_separator",
        "thousandsSeparator": "thousands",
        "dateFormat": "dateformat",
        "columnTypes": "types",
    }
    options = {option: settings[name] for name, option in names.items() if name in settings}
    if isinstance(settings.get("header"), bool):
        options["header"] = settings["header"]
    if skipped_lines(settings):
        options["skip"] = skipped_lines(settings)
    given = ", ".join(f"{option} = {literal(value)}" for option, value in options.items())
    return connection.sql(f"FROM read_csv({literal(path)}{', ' + given if given else ''})").to_arrow_table()


def literal(value):
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    return "'" + value.replace("'", "''") + "'"


readers = {"polars": read_by_polars, "pyarrow": read_by_pyarrow, "duckdb": read_by_duckdb}

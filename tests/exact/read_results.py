"""Reads results of Sluice by pyarrow and polars, and prints the values that each found as JSON.

Each column is a list of texts: numbers as written, points in time as nanoseconds since 1970,
bytes in hexadecimal, null for missing values.
"""

import json
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.ipc as pa_ipc
import pyarrow.parquet as pq

NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def encode(value, kind):
    """A pyarrow scalar as text."""
    if not value.is_valid:
        return None
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        return str(value.value * NANOSECONDS[kind.unit])
    if pa.types.is_date32(kind):
        return f"day {value.value}"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return value.as_py().hex()
    if pa.types.is_fixed_size_binary(kind):
        return value.as_py().hex()
    if pa.types.is_nested(kind):
        return json.dumps(value.as_py(), default=str)
    return str(value.as_py())


def columns_of(table):
    return {
        name: [encode(value, table.schema.field(index).type) for value in table.column(index).combine_chunks()]
        for index, name in enumerate(table.schema.names)
    }


def csv_by_pyarrow(path):
    names = path.read_text().splitlines()[0].split(",")
    convert = pa_csv.ConvertOptions(
        column_types={name: pa.string() for name in names},
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    return pa_csv.read_csv(path, convert_options=convert, parse_options=parse)


def main(folder):
    arrow, parquet, csv, ndjson = (folder / f"result.{name}" for name in ("arrows", "parquet", "csv", "ndjson"))
    with pa_ipc.open_stream(arrow) as stream:
        table = stream.read_all()
    table.validate(full=True)
    # Polars uses large_string; the values are the same.
    found = {
        "arrow by pyarrow": columns_of(table),
        "arrow by polars": columns_of(pl.read_ipc_stream(arrow).to_arrow()),
        "parquet by pyarrow": columns_of(pq.read_table(parquet)),
        "parquet by polars": columns_of(pl.read_parquet(parquet).to_arrow()),
        "csv by pyarrow": columns_of(csv_by_pyarrow(csv)),
        "csv by polars": columns_of(pl.read_csv(csv, infer_schema=False).to_arrow()),
        "ndjson by polars": columns_of(pl.read_ndjson(ndjson, infer_schema_length=None).to_arrow()),
    }
    types = {name: str(kind) for name, kind in zip(table.schema.names, table.schema.types)}
    json.dump({"found": found, "types": types}, sys.stdout)


main(Path(sys.argv[1]))

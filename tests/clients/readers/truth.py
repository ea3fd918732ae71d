"""The tables that are read, made by rule."""

import datetime
import io
from decimal import Decimal

import numpy
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

ROWS = 120_000
ROW_GROUP_ROWS = 20_000
CSV_ROWS = 20_000
WIDE_COLUMNS = 24

UTC = datetime.timezone.utc
# Before 1970, and with every digit of a microsecond.
FIRST_TIME = datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
TIME_STEP = datetime.timedelta(minutes=37, microseconds=123_457)
FIRST_DAY = datetime.date(1900, 1, 1)

TEXTS = [
    "",
    "naïve café",
    "日本語のテキスト",
    "עברית مختلط",
    "👩‍👩‍👧 family",
    'quoted "text", with commas',
    "line\nbreak",
    "e\u0301 decomposed",
]


def wide_table():
    """Values that readers get wrong: beyond 2^53, with 38 digits, with a zone, missing, empty, not ASCII."""
    rows = range(ROWS)
    columns = {
        "id": pa.array(rows, pa.int64()),
        "big": sparse(pa.int64(), (2**53 + 1 + row if row % 2 else -(2**62) - row for row in rows)),
        "amount": sparse(pa.decimal128(18, 4), (Decimal(row * 99_991 - 10**9).scaleb(-4) for row in rows)),
        "exact": sparse(pa.decimal128(38, 10), (Decimal(10**37 + row).scaleb(-10) for row in rows)),
        "seen": sparse(pa.timestamp("us", "UTC"), (FIRST_TIME + row * TIME_STEP for row in rows)),
        "day": sparse(pa.date32(), (FIRST_DAY + datetime.timedelta(days=row % 80_000) for row in rows)),
        "name": sparse(pa.string(), (text_of(row) for row in rows)),
        "flag": sparse(pa.bool_(), (row % 3 == 0 for row in rows)),
        "grade": pa.array((row % 5 for row in rows), pa.int16()),
    }
    # Random, so that they do not compress: most of the file's bytes.
    random = numpy.random.default_rng(20_261_130)
    wide = {f"wide_{number:02}": pa.array(random.random(ROWS)) for number in range(WIDE_COLUMNS)}
    return pa.table({**columns, **wide})


def sparse(type_, values):
    """A column in which each seventeenth value is missing."""
    return pa.array((None if row % 17 == 3 else value for row, value in enumerate(values)), type_)


def text_of(row):
    text = TEXTS[row % len(TEXTS)]
    return f"{text} {row}" if text else ""


def parquet_of(table):
    content = io.BytesIO()
    pq.write_table(table, content, row_group_size=ROW_GROUP_ROWS, compression="zstd")
    return content.getvalue()


def csv_table(wide):
    """The first rows, without empty texts: pandas takes them for missing ones in CSV."""
    table = wide.slice(0, CSV_ROWS).select(["id", "big", "amount", "seen", "name"])
    return table.filter(pc.fill_null(pc.not_equal(table["name"], ""), True)).combine_chunks()


def csv_of(table):
    content = io.BytesIO()
    pa.csv.write_csv(table, content)
    return content.getvalue()

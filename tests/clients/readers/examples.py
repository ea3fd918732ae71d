"""The blocks of docs/readers.md: what each has read, and how many bytes that took."""

import os
from dataclasses import dataclass

import pyarrow.compute as pc
from checks import differences, share_read, show
from page import blocks_of

# The filter of the page, `id >= 110_000`.
FIRST_ID = 110_000


@dataclass
class Example:
    # Name of the variable that the block leaves.
    result: str
    # Name of a table in `expected_tables`.
    expected: str
    # Most bytes, in percent of the file or of all chunks; None if all of it is read.
    percent_max: int | None = None


EXAMPLES = {
    "polars": Example("frame", "wide"),
    # The end of the file, 256 KiB, whatever is in it.
    "polars-columns": Example("grades", "grades", 3),
    # The end of each chunk, 256 KiB, twice.
    "polars-chunks": Example("last", "last", 25),
    "polars-csv": Example("orders", "csv"),
    "pandas": Example("frame", "wide"),
    "pandas-csv": Example("orders", "csv"),
    "pandas-columns": Example("grades", "grades", 3),
    "pyarrow": Example("table", "wide"),
    "pyarrow-chunks": Example("last", "last", 5),
    "duckdb": Example("table", "wide"),
    "duckdb-chunks": Example("last", "last", 5),
    "duckdb-csv": Example("orders", "csv"),
}


def run_examples(world, page):
    os.environ["SLUICE_SERVER"] = world.counted.url
    os.environ["SLUICE_API_KEY"] = world.api_key
    names = {"parquet_id": world.parquet_id, "csv_id": world.csv_id, "job_id": world.job_id}
    expected = expected_tables(world)
    chunk_bytes = sum(int(chunk["sizeBytes"]) for chunk in world.chunks)
    for name, code in blocks_of(page):
        world.counted.reset()
        exec(compile(code, f"{page}: {name}", "exec"), names)
        example = EXAMPLES.get(name)
        if not example:
            show(f"docs: {name}", **extracts(world, name, names))
            continue
        whole_bytes = chunk_bytes if name.endswith("-chunks") else len(world.parquet_bytes)
        limit = example.percent_max
        share = {} if limit is None else {"read": share_read(world.counted, whole_bytes, limit)}
        result = differences(names[example.result], expected[example.expected])
        show(f"docs: {name}", differences=result, **share)


def expected_tables(world):
    last = world.wide.filter(pc.field("id") >= FIRST_ID)
    return {
        "wide": world.wide,
        "csv": world.csv,
        "grades": world.wide.select(["grade"]),
        "last": last.select(["id", "grade"]),
    }


def extracts(world, name, names):
    """What blocks leave that read no table."""
    if name == "setup":
        return {"chunks": len(names["chunks"])}
    if name == "fsspec":
        share = share_read(world.counted, len(world.parquet_bytes), 2)
        return {"magic": [names["beginning"].decode(), names["magic"].decode()], "read": share}
    raise ValueError(f"nothing is expected of the block {name}")

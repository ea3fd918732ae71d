"""Does one piece of work with a tool that people would use instead. Prints the seconds it took, as a line of JSON.

Arguments: the work's name, then its arguments. Importing the tool is not counted."""

import json
import sys
import time


def duckdb_copy(source, out):
    import duckdb

    def work():
        with duckdb.connect() as connection:
            connection.execute(f"COPY (FROM read_csv('{source}')) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")

    return work


def duckdb_query(sql):
    import duckdb

    def work():
        with duckdb.connect() as connection:
            connection.execute(sql).fetchall()

    return work


def polars_sink(source, out):
    import polars

    return lambda: polars.scan_csv(source, try_parse_dates=True).sink_parquet(out, compression="zstd")


def connectorx_parquet(url, query, out, partition_on="", partitions=""):
    import polars

    more = {"partition_on": partition_on, "partition_num": int(partitions)} if partition_on else {}

    def work():
        polars.read_database_uri(query, url, engine="connectorx", **more).write_parquet(out, compression="zstd")

    return work


def main():
    name, *args = sys.argv[1:]
    work = {
        function.__name__: function for function in (duckdb_copy, duckdb_query, polars_sink, connectorx_parquet)
    }[name](*args)
    began = time.perf_counter()
    work()
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)


main()

"""How what a reader has read is compared with the truth, and printed as a step."""

import json
import sys

import pandas
import polars
import pyarrow as pa


def show(step, **facts):
    print(json.dumps({"step": step, **facts}), flush=True)


def arrow_of(result):
    """The result of any reader as a table of Arrow."""
    if isinstance(result, polars.DataFrame):
        return result.to_arrow()
    if isinstance(result, pandas.DataFrame):
        return pa.Table.from_pandas(result, preserve_index=False)
    return result


def differences(result, expected):
    """What differs from the expected table, in types and values: nothing if it is the same."""
    table = arrow_of(result)
    if table.num_rows != expected.num_rows:
        return [f"{table.num_rows} rows instead of {expected.num_rows}"]
    if table.column_names != expected.column_names:
        return [f"the columns {table.column_names}"]
    return [found for name in expected.column_names if (found := difference(name, table[name], expected[name]))]


def difference(name, column, expected):
    type_ = plain(column.type)
    if type_ != expected.type:
        return f"{name} is {type_} instead of {expected.type}"
    if not column.cast(type_).combine_chunks().equals(expected.combine_chunks()):
        return f"{name} has other values"
    return None


def plain(type_):
    """The type without what differs by reader: Arrow has three layouts of texts, and DuckDB names its session's zone."""
    if pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return pa.string()
    return pa.timestamp(type_.unit, "UTC") if pa.types.is_timestamp(type_) and type_.tz else type_


def share_read(counted, whole_bytes, percent_max):
    """How much of a content's bytes the mesh has sent since the last reset: the limit, or what is above it."""
    percent = 100 * counted.sent_bytes / whole_bytes
    requests = len(counted.heads)
    print(f"    {counted.sent_bytes} of {whole_bytes} bytes in {requests} requests", file=sys.stderr)
    return f"at most {percent_max} %" if percent <= percent_max else f"{percent:.1f} %"

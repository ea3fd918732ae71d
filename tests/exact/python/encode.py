"""Encodes Arrow's values as JSON without rounding, so that another program can compare them."""

import base64
import datetime
import math

import pyarrow as pa

nanos_per_unit = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
nanos_per_second = 1_000_000_000
epoch = datetime.date(1970, 1, 1).toordinal()


def encode_table(table):
    """Returns the columns, with whether they are text, and the rows."""
    columns = [table.column(index) for index in range(table.num_columns)]
    values = [[encode(scalar) for scalar in column] for column in columns]
    return {
        "columns": [
            {"name": field.name, "type": str(field.type), "isText": is_text(field.type)} for field in table.schema
        ],
        "rows": [list(row) for row in zip(*values)],
    }


def is_text(type_):
    if pa.types.is_dictionary(type_):
        return is_text(type_.value_type)
    return pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)


def encode(scalar):
    if not scalar.is_valid:
        return None
    type_ = scalar.type
    if pa.types.is_dictionary(type_):
        return encode(scalar.value)
    if isinstance(type_, pa.BaseExtensionType):
        return encode_extension(scalar)
    if pa.types.is_map(type_):
        return [{"key": encode(entry["key"]), "value": encode(entry["value"])} for entry in scalar.values]
    if pa.types.is_struct(type_):
        return {field.name: encode(scalar[index]) for index, field in enumerate(type_)}
    if hasattr(scalar, "values") and pa.types.is_nested(type_):
        return [encode(item) for item in scalar.values]
    return encode_time(scalar) or encode_plain(scalar.as_py())


def encode_extension(scalar):
    python = scalar.as_py()
    return str(python) if scalar.type.extension_name == "arrow.uuid" else encode_plain(python)


def encode_time(scalar):
    type_ = scalar.type
    if pa.types.is_timestamp(type_):
        seconds, nanos = divmod(scalar.value * nanos_per_unit[type_.unit], nanos_per_second)
        day, second = divmod(seconds, 86_400)
        return f"{day_of(day)}T{clock_of(second, nanos)}{'Z' if type_.tz else ''}"
    if pa.types.is_time(type_):
        return clock_of(*divmod(scalar.value * nanos_per_unit[type_.unit], nanos_per_second))
    if pa.types.is_date(type_):
        return day_of(scalar.value // (86_400_000 if pa.types.is_date64(type_) else 1))
    if pa.types.is_duration(type_):
        return str(scalar.value)
    return None


def day_of(days):
    ordinal = days + epoch
    if 1 <= ordinal <= datetime.date.max.toordinal():
        return datetime.date.fromordinal(ordinal).isoformat()
    return f"day {days}"


def clock_of(seconds, nanos):
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{clock}.{nanos:09}".rstrip("0") if nanos else clock


def encode_plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return encode_float(value)
    return format(value, "f") if hasattr(value, "as_tuple") else str(value)


def encode_float(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)

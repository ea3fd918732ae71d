"""Writes the Parquet files of the corpus. Their expected content is in truth.json beside them, written by hand.

python make_parquet.py [corpus folder]; needs what requirements.txt names. The files are checked in: run it only to add one.
"""

import datetime
import os
import sys
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

corpus = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "corpus")
utc = datetime.timezone.utc


def path_of(kind, name):
    folder = os.path.join(corpus, f"parquet-{kind}")
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, f"{name}.parquet")


def write(kind, name, columns, **options):
    """Columns are (name, values, type), so that names may repeat."""
    arrays = [values if isinstance(values, pa.Array) else pa.array(values, type) for _, values, type in columns]
    # No Arrow schema in the file, so that readers use Parquet's own types.
    options.setdefault("store_schema", False)
    table = pa.Table.from_arrays(arrays, names=[column for column, _, _ in columns])
    pq.write_table(table, path_of(kind, name), **options)


def damage(kind, name, change):
    path = path_of(kind, name)
    with open(path, "rb") as file:
        content = bytearray(file.read())
    content = change(content)
    with open(path, "wb") as file:
        file.write(content)


def wide_decimals():
    d = Decimal
    kind = "wide-decimals"
    write(kind, "dec39-0", [("d", [d(1), d(-1), d(10) ** 38], pa.decimal256(39, 0))])
    write(kind, "dec39-2", [("d", [d("1.50"), d("-2.25"), d("123456789.10")], pa.decimal256(39, 2))])
    write(kind, "dec76-38", [("d", [d("0.00000000000000000000000000000000000001"), None], pa.decimal256(76, 38))])
    write(kind, "dec38-10", [("d", [d("1234567890123456789012345678.0123456789"), d("-0.0000000001")], pa.decimal128(38, 10))])
    lists = [[d("1.5"), d("-2.5")], []]
    write(kind, "list", [("id", [1, 2], pa.int64()), ("l", lists, pa.list_(pa.decimal256(50, 1)))])


def int96():
    kind = "int96"
    old = {"use_deprecated_int96_timestamps": True}
    nanos = pa.timestamp("ns")
    write(kind, "micros", [("t", [1593382653123456000, 0, None], nanos)], **old)
    write(kind, "before-1970", [("t", [-1, -86400000000001], nanos)], **old)
    write(kind, "year-3000", [("t", [datetime.datetime(3000, 1, 1, 12), datetime.datetime(1500, 6, 7)], pa.timestamp("us"))], **old)
    write(kind, "list", [("id", [1, 2], pa.int64()), ("l", [[1593382653123456789], []], pa.list_(nanos))], **old)
    write(kind, "millis", [("t", [1593382653123000000], nanos), ("n", [7], pa.int32())], **old)


def nanoseconds():
    kind = "nanoseconds"
    at = 1701339620123456789
    write(kind, "timestamp", [("t", [at, at + 1, None], pa.timestamp("ns"))])
    write(kind, "timestamp-utc", [("t", [at, -1], pa.timestamp("ns", "UTC"))])
    write(kind, "time", [("t", [45296123456789, 0, None], pa.time64("ns"))])
    write(kind, "list", [("id", [1], pa.int64()), ("l", [[at, None]], pa.list_(pa.timestamp("ns")))])
    write(kind, "millis", [("t", [1701339620123], pa.timestamp("ms")), ("m", [45296123], pa.time32("ms")), ("d", [19691], pa.date32())])
    write(kind, "micros-utc", [("t", [1701339620123456, -62135596800000000], pa.timestamp("us", "UTC"))])


def unsigned():
    kind = "unsigned"
    write(kind, "u8", [("u", [0, 200, 255], pa.uint8())])
    write(kind, "u16", [("u", [0, 40000, 65535], pa.uint16())])
    write(kind, "u32", [("u", [0, 3000000000, 4294967295], pa.uint32())])
    write(kind, "u64", [("u", [0, 9223372036854775808, 18446744073709551615], pa.uint64())])
    write(kind, "list", [("id", [1, 2], pa.int64()), ("l", [[18446744073709551615, 1], None], pa.list_(pa.uint64()))])
    write(kind, "signed", [("a", [-128, 127], pa.int8()), ("b", [-32768, 32767], pa.int16())])


def uuid_float16():
    kind = "uuid-float16"
    ids = [bytes.fromhex("6f2d1fe02d534f37b9a54a24a4cbb1f7"), None, bytes(16)]
    write(kind, "uuid", [("id", pa.ExtensionArray.from_storage(pa.uuid(), pa.array(ids, pa.binary(16))), None)])
    halves = pa.array([1.5, -0.25, 65504.0, 5.9604644775390625e-08, None], pa.float32()).cast(pa.float16())
    write(kind, "float16", [("h", halves, None)], use_dictionary=False)
    split = {"use_dictionary": False, "column_encoding": {"h": "BYTE_STREAM_SPLIT"}}
    write(kind, "float16-split", [("h", halves, None)], **split)
    special = pa.array([float("nan"), float("inf"), float("-inf")], pa.float32()).cast(pa.float16())
    write(kind, "float16-special", [("h", special, None)])
    write(kind, "fixed-bytes", [("b", [b"0123456789abcdef", None], pa.binary(16))])


def text():
    kind = "text"
    write(kind, "nul", [("t", ["a\0b", "\0", "c"], pa.string())])
    broken = pa.Array.from_buffers(pa.string(), 2, [None, pa.array([0, 2, 5], pa.int32()).buffers()[1], pa.py_buffer(b"okc\xe9\xff")])
    write(kind, "invalid-utf8", [("id", [1, 2], pa.int64()), ("t", broken, None)], use_dictionary=False)
    write(kind, "empty", [("t", ["", None, " "], pa.string())])
    write(kind, "bytes", [("b", [b"\x00\xff", b"", None], pa.binary())])
    write(kind, "long", [("t", ["😀" * 5000, "x"], pa.large_string())])


def nested():
    kind = "nested"
    ids = ("id", [1, 2, 3], pa.int64())
    write(kind, "lists", [ids, ("l", [[1, None], [], None], pa.list_(pa.int64()))])
    write(kind, "maps", [ids, ("m", [[("a", 1), ("b", None)], [], None], pa.map_(pa.string(), pa.int64()))])
    pair = pa.struct([("x", pa.int64()), ("y", pa.string())])
    write(kind, "structs", [ids, ("s", [{"x": 1, "y": ""}, {"x": None, "y": None}, None], pair)])
    write(kind, "struct-lists", [ids, ("l", [[{"x": 1, "y": "a"}, None], [], None], pa.list_(pair))])
    write(kind, "lists-of-lists", [ids, ("l", [[[1], []], [None], []], pa.list_(pa.list_(pa.int64())))])
    case = pa.struct([("x", pa.int64()), ("X", pa.int64())])
    write(kind, "field-case", [("id", [1], pa.int64()), ("s", [{"x": 1, "X": 2}], case)])


def names():
    kind = "names"
    number = pa.int64()
    write(kind, "case", [("column", [1, 2], number), ("COLUMN", [3, 4], number)])
    write(kind, "repeated", [("a", [1], number), ("a", [2], number)])
    write(kind, "odd", [("a.b", [1], number), ('a"b', [2], number), ("a\nb", [3], number), ("select", [4], number)])
    write(kind, "empty", [("", [1], number), ("b", [2], number)])
    write(kind, "types", [("HUGEINT", [1], number), ("file_row_number", [7], number)])


def encodings():
    kind = "encodings"
    numbers = ("n", [1, 1, 9007199254740993, -5], pa.int64())
    words = ("t", ["aa", "ab", "ab", None], pa.string())
    write(kind, "dictionary", [numbers, words], use_dictionary=True, compression="snappy")
    delta = {"n": "DELTA_BINARY_PACKED", "t": "DELTA_BYTE_ARRAY"}
    write(kind, "delta", [numbers, words], use_dictionary=False, column_encoding=delta, compression="gzip")
    write(kind, "page-v2", [numbers, words], data_page_version="2.0", compression="zstd")
    write(kind, "groups", [numbers, words], row_group_size=1, compression="brotli")
    write(kind, "checksums", [numbers, words], write_page_checksum=True, compression="lz4")


class Keys(pe.KmsClient):
    """Leaves keys unwrapped: the file only has to be encrypted."""

    def __init__(self, config):
        pe.KmsClient.__init__(self)

    def wrap_key(self, key_bytes, master_key_identifier):
        return key_bytes.hex()

    def unwrap_key(self, wrapped_key, master_key_identifier):
        return bytes.fromhex(wrapped_key)


def encrypt(name, plaintext_footer):
    config = pe.EncryptionConfiguration(footer_key="footer", column_keys={"column": ["secret"]}, plaintext_footer=plaintext_footer)
    properties = pe.CryptoFactory(Keys).file_encryption_properties(pe.KmsConnectionConfig(), config)
    table = pa.table({"id": [1, 2], "secret": ["x", "y"]})
    with pq.ParquetWriter(path_of("damaged", name), table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)


def damaged():
    kind = "damaged"
    numbers = [("n", list(range(100, 200)), pa.int64())]
    plain = {"use_dictionary": False, "compression": "none"}
    write(kind, "checksum", numbers, write_page_checksum=True, **plain)
    # A bit of a value, far from what the footer describes.
    damage(kind, "checksum", lambda content: content[:400] + bytes([content[400] ^ 1]) + content[401:])
    write(kind, "cut", numbers, **plain)
    damage(kind, "cut", lambda content: content[:-30])
    write(kind, "footer-length", numbers, **plain)
    damage(kind, "footer-length", lambda content: content[:-8] + b"\xff\xff\xff\x7f" + content[-4:])
    write(kind, "footer", numbers, **plain)
    damage(kind, "footer", lambda content: content[:-60] + bytes(30) + content[-30:])
    encrypt("encrypted", False)
    encrypt("encrypted-column", True)


def intervals():
    kind = "intervals"
    path = path_of(kind, "interval")
    duckdb.sql("SELECT INTERVAL '1 month 2 days 3 seconds' AS i, 1 AS n").write_parquet(path)
    duckdb.sql("SELECT [INTERVAL '4 days'] AS l, 1 AS n").write_parquet(path_of(kind, "list"))
    write(kind, "duration", [("d", [90061000001, -1], pa.duration("us"))])
    write(kind, "nothing", [("id", [1, 2], pa.int64()), ("gone", [None, None], pa.null())])
    write(kind, "time", [("t", [86399999999, 0], pa.time64("us"))])


def empty():
    kind = "empty"
    write(kind, "no-rows", [("id", [], pa.int64()), ("t", [], pa.string())])
    pq.write_table(pa.table({}), path_of(kind, "no-columns"))
    write(kind, "only-missing", [("id", [None, None], pa.int64())])
    schema = pa.schema([("id", pa.int64())])
    pq.ParquetWriter(path_of(kind, "no-groups"), schema).close()
    with pq.ParquetWriter(path_of(kind, "empty-group"), schema) as writer:
        writer.write_table(pa.table({"id": pa.array([], pa.int64())}))
        writer.write_table(pa.table({"id": pa.array([5], pa.int64())}))


for make in (wide_decimals, int96, nanoseconds, unsigned, uuid_float16, text, nested, names, encodings, damaged, intervals, empty):
    make()

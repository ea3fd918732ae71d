"""Writes the Parquet files of this folder, by pyarrow 26: python make.py"""

from decimal import Decimal
from os import chdir
from os.path import dirname, abspath
from uuid import UUID
import base64
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption

chdir(dirname(abspath(__file__)))


def write(name, columns, **options):
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), f"{name}.parquet", **options)


nanoseconds = pa.array([123456789, None, -1], pa.timestamp("ns"))
write("int96", {"t": nanoseconds, "u": pa.array([1000, None, 2000], pa.timestamp("ns"))}, use_deprecated_int96_timestamps=True)
write("int96-micros", {"t": pa.array([123456000, None], pa.timestamp("ns"))}, use_deprecated_int96_timestamps=True)
write(
    "zoned",
    {
        "fine": pa.array([123456789, None, -1], pa.timestamp("ns", "UTC")),
        "coarse": pa.array([123456000, None, -1000], pa.timestamp("ns", "Europe/Berlin")),
        "plain": nanoseconds,
        "time": pa.array([1, 2, 3], pa.time64("ns")),
    },
)
write("zoned-micros", {"t": pa.array([123456000, None], pa.timestamp("ns", "UTC"))})
write(
    "exact",
    {
        "u64": pa.array([2**64 - 1, None], pa.uint64()),
        "half": pa.array([1.5, None], pa.float32()).cast(pa.float16()),
        "decimal": pa.array([Decimal("123456789012345678901234567890123456.78"), None], pa.decimal128(38, 2)),
        "wide": pa.array([Decimal("12345678901234567890"), None], pa.decimal256(20, 0)),
        "uuid": pa.array([UUID(int=5).bytes, None], pa.uuid()),
        "words": pa.array(["a\0b", None]).dictionary_encode(),
        "bytes": pa.array([b"\xff\x00", None], pa.binary()),
        "list": pa.array([[{"x": None}, None], None], pa.list_(pa.struct([("x", pa.int64())]))),
        "map": pa.array([[("a", 1), ("a", 2)], None], pa.map_(pa.string(), pa.int64())),
        "nothing": pa.array([None, None]),
    },
)
write("decimal-39", {"d": pa.array([Decimal("1")], pa.decimal256(39, 0))})
write("nested-decimal", {"s": pa.array([{"d": Decimal("1")}], pa.struct([("d", pa.decimal256(40, 0))]))})
write("nested-zoned", {"l": pa.array([[1]], pa.list_(pa.timestamp("ns", "UTC")))})
write("nested-case", {"s": pa.array([{"a": 1, "A": 2}])})
write("same-name", pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))
write("case", {"a": [1], "A": [2]})
write("nul-name", {"a\0b": [1]})
write("no-rows", {"a": pa.array([], pa.int64())})
write("no-columns", {})
write("checksum", {"a": [1, 2, 3]}, write_page_checksum=True, use_dictionary=False, compression="none")
invalid = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")])
write("not-utf8", {"n": pa.array([1]), "s": invalid})


class Keys(encryption.KmsClient):
    def __init__(self, _):
        encryption.KmsClient.__init__(self)

    def wrap_key(self, key_bytes, master_key_identifier):
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key, master_key_identifier):
        return base64.b64decode(wrapped_key)


for name, plaintext_footer in [("encrypted", False), ("encrypted-values", True)]:
    properties = encryption.CryptoFactory(Keys).file_encryption_properties(
        encryption.KmsConnectionConfig(),
        encryption.EncryptionConfiguration(footer_key="k1", column_keys={"k2": ["a"]}, plaintext_footer=plaintext_footer),
    )
    with pq.ParquetWriter(f"{name}.parquet", pa.schema([("a", pa.int64())]), encryption_properties=properties) as writer:
        writer.write_table(pa.table({"a": [1]}))

import { type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import {
  binary,
  bool,
  type DataType,
  dateDay,
  decimal128,
  field,
  float32,
  float64,
  int8,
  int16,
  int32,
  int64,
  list,
  map,
  struct,
  TimeUnit,
  timeMicrosecond,
  timestamp,
  uint8,
  uint16,
  uint32,
  uint64,
  utf8,
} from "@uwdata/flechette";

const digitsMax = 38;

const single = new Map<DuckDBTypeId, () => DataType>([
  [DuckDBTypeId.BOOLEAN, bool],
  [DuckDBTypeId.TINYINT, int8],
  [DuckDBTypeId.SMALLINT, int16],
  [DuckDBTypeId.INTEGER, int32],
  [DuckDBTypeId.SQLNULL, int32],
  [DuckDBTypeId.BIGINT, int64],
  [DuckDBTypeId.UTINYINT, uint8],
  [DuckDBTypeId.USMALLINT, uint16],
  [DuckDBTypeId.UINTEGER, uint32],
  [DuckDBTypeId.UBIGINT, uint64],
  [DuckDBTypeId.FLOAT, float32],
  [DuckDBTypeId.DOUBLE, float64],
  [DuckDBTypeId.HUGEINT, () => decimal128(digitsMax, 0)],
  [DuckDBTypeId.UHUGEINT, () => decimal128(digitsMax, 0)],
  [DuckDBTypeId.DATE, dateDay],
  [DuckDBTypeId.TIME, timeMicrosecond],
  [DuckDBTypeId.TIMESTAMP_S, () => timestamp(TimeUnit.SECOND)],
  [DuckDBTypeId.TIMESTAMP_MS, () => timestamp(TimeUnit.MILLISECOND)],
  [DuckDBTypeId.TIMESTAMP, () => timestamp(TimeUnit.MICROSECOND)],
  [DuckDBTypeId.TIMESTAMP_NS, () => timestamp(TimeUnit.NANOSECOND)],
  [DuckDBTypeId.TIMESTAMP_TZ, () => timestamp(TimeUnit.MICROSECOND, "UTC")],
  [DuckDBTypeId.BLOB, binary],
]);

/** Arrow's type of a result column after its cast; types without an equivalent are text. */
export function arrowType(type: DuckDBType): DataType {
  switch (type.typeId) {
    case DuckDBTypeId.DECIMAL:
      return decimal128(type.width, type.scale);
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY:
      return list(arrowType(type.valueType));
    case DuckDBTypeId.MAP:
      return map(field("key", arrowType(type.keyType), false), field("value", arrowType(type.valueType)));
    case DuckDBTypeId.STRUCT:
      return struct(
        type.entryTypes.map((entry, index) => field(type.entryNames[index] ?? "", arrowType(entry))),
      );
    default:
      return single.get(type.typeId)?.() ?? utf8();
  }
}

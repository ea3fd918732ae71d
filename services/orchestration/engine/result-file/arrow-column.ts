import {
  type DuckDBListVector,
  type DuckDBStructVector,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBVector,
} from "@duckdb/node-api";
import { Batch, type DataType } from "@uwdata/flechette";
import { copyStrings, stringBytes } from "./arrow-strings.ts";
import { createByteBuffer } from "./byte-buffer.ts";
import { createValidity, type ValidityBuilder } from "./validity.ts";
import { listOfMap, validityBits, valueBytes } from "./vector-data.ts";

/** Builds a column in Arrow's memory layout. */
export type ColumnBuilder = {
  /** Estimated size of the values, in bytes. */
  byteLength(): number;
  /** Appends a range of a vector. */
  append(vector: DuckDBVector, from: number, count: number): void;
  /** Returns the batch and starts the next one. */
  drain(): Batch<unknown>;
};

/** `type` is DuckDB's type of the vectors, `arrow` the type that is written. */
export function createColumnBuilder(type: DuckDBType, arrow: DataType): ColumnBuilder {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return bits(arrow);
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.BLOB:
      return strings(arrow);
    case DuckDBTypeId.LIST:
      return lists(type.valueType, arrow, (vector) => vector);
    case DuckDBTypeId.MAP:
      return maps(type, arrow);
    case DuckDBTypeId.STRUCT:
      return structs(type.entryTypes, arrow);
    default:
      return fixedWidth(arrow);
  }
}

type Buffers = { values?: Uint8Array; offsets?: Int32Array; children?: Batch<unknown>[] };

/** Uses Batch itself, because its subclasses truncate the buffers of values. */
const batchOf = (type: DataType, validity: ValidityBuilder, buffers: Buffers): Batch<unknown> =>
  new Batch({ type, ...validity.drain(), ...buffers });

/** Values with the same layout in DuckDB and Arrow. */
function fixedWidth(arrow: DataType): ColumnBuilder {
  const values = createByteBuffer();
  const validity = createValidity();
  return {
    byteLength: () => values.byteLength,
    append(vector, from, count) {
      validity.append(vector, from, count);
      const bytes = valueBytes(vector);
      const width = bytes.byteLength / vector.itemCount;
      values.extend(count * width).set(bytes.subarray(from * width, (from + count) * width));
    },
    drain: () => batchOf(arrow, validity, { values: values.drain() }),
  };
}

/** One byte per value in DuckDB, one bit in Arrow. */
function bits(arrow: DataType): ColumnBuilder {
  const validity = createValidity();
  const values = createValidity();
  return {
    byteLength: () => values.length() / 8,
    append(vector, from, count) {
      validity.append(vector, from, count);
      const bytes = valueBytes(vector);
      values.appendEach(count, (index) => bytes[from + index] === 1);
    },
    drain: () => batchOf(arrow, validity, { values: values.drainBits() }),
  };
}

/** Arrow's offsets are signed 32-bit integers. */
const offsetMax = 2 ** 31 - 1;

function createOffsets() {
  const offsets = createByteBuffer();
  let end = 0;
  const writeZero = () => new Int32Array(offsets.extend(4).buffer, 0, 1).fill(0);
  writeZero();
  return {
    end: () => end,
    /** Appends the end offsets of values with these lengths. */
    append(lengths: readonly number[]) {
      const target = offsets.extend(lengths.length * 4);
      const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
      for (const [index, length] of lengths.entries()) {
        end += length;
        view.setInt32(index * 4, end, true);
      }
      if (end > offsetMax) throw new RangeError("the values of a column take more than 2 GiB in one batch");
    },
    drain() {
      const drained = offsets.drain();
      end = 0;
      writeZero();
      return new Int32Array(drained.buffer, drained.byteOffset, drained.byteLength / 4);
    },
  };
}

function isValidIn(vector: DuckDBVector): (row: number) => boolean {
  const validity = validityBits(vector);
  if (!validity) return () => true;
  const { bits: mask, offset } = validity;
  return (row) => ((mask[(offset + row) >> 3] ?? 0) & (1 << ((offset + row) & 7))) !== 0;
}

function strings(arrow: DataType): ColumnBuilder {
  const validity = createValidity();
  const offsets = createOffsets();
  const values = createByteBuffer();
  return {
    byteLength: () => values.byteLength,
    append(vector, from, count) {
      validity.append(vector, from, count);
      const bytes = valueBytes(vector);
      const entries = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const isValid = isValidIn(vector);
      const rows: number[] = [];
      const lengths: number[] = [];
      let total = 0;
      for (let row = from; row < from + count; row += 1) {
        const length = isValid(row) ? stringBytes(entries, row) : 0;
        if (length > 0) rows.push(row);
        lengths.push(length);
        total += length;
      }
      offsets.append(lengths);
      copyStrings(entries, rows, values.extend(total));
    },
    drain: () => batchOf(arrow, validity, { offsets: offsets.drain(), values: values.drain() }),
  };
}

function lists(
  itemType: DuckDBType,
  arrow: DataType,
  toList: (vector: DuckDBVector) => DuckDBVector,
  builder?: ColumnBuilder,
): ColumnBuilder {
  const validity = createValidity();
  const offsets = createOffsets();
  const items = builder ?? createColumnBuilder(itemType, childType(arrow, 0));
  return {
    byteLength: () => items.byteLength() + 4 * offsets.end(),
    append(outer, from, count) {
      const vector = toList(outer) as DuckDBListVector;
      validity.append(vector, from, count);
      const isValid = isValidIn(vector);
      const lengths: number[] = [];
      for (let row = from; row < from + count; row += 1) {
        const length = isValid(row) ? vector.getEntryLength(row) : 0;
        lengths.push(length);
        if (length > 0) items.append(vector.childVector, vector.getEntryOffset(row), length);
      }
      offsets.append(lengths);
    },
    drain: () => batchOf(arrow, validity, { offsets: offsets.drain(), children: [items.drain()] }),
  };
}

/** A list of structs of key and value. */
function maps(
  { keyType, valueType }: DuckDBType & { typeId: DuckDBTypeId.MAP },
  arrow: DataType,
): ColumnBuilder {
  const entries = structs([keyType, valueType], childType(arrow, 0));
  return lists(keyType, arrow, listOfMap, entries);
}

function structs(types: readonly DuckDBType[], arrow: DataType): ColumnBuilder {
  const validity = createValidity();
  const fields = types.map((type, index) => createColumnBuilder(type, childType(arrow, index)));
  return {
    byteLength: () => fields.reduce((sum, one) => sum + one.byteLength(), 0),
    append(vector, from, count) {
      validity.append(vector, from, count);
      for (const [index, one] of fields.entries()) {
        one.append((vector as DuckDBStructVector).entryVectorAt(index), from, count);
      }
    },
    drain: () => batchOf(arrow, validity, { children: fields.map((one) => one.drain()) }),
  };
}

function childType(type: DataType, index: number): DataType {
  const child = "children" in type ? type.children?.[index] : undefined;
  if (!child) throw new Error("a nested type lacks the type of its values");
  return child.type;
}

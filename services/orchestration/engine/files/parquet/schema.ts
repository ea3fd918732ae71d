import { readStructListHeader } from "../../parquet/footer.ts";
import { wireTypes } from "../../parquet/thrift/encode.ts";
import {
  type Cursor,
  cursorOn,
  malformed,
  readInteger,
  readStruct,
  skip,
} from "../../parquet/thrift/read-struct.ts";

/** Parquet's enum values of physical types, and the logical type ids that matter here. */
export const physicalTypes = { int96: 3, fixed: 7 } as const;
export const logicalTypes = { timestamp: 8 } as const;
export const nanoseconds = 3;

/** A column or a nested field. */
export type SchemaNode = {
  readonly name: string;
  /** Index of its element in the schema list. */
  readonly index: number;
  readonly physicalType: number | undefined;
  readonly precision: number;
  readonly scale: number;
  readonly isDecimal: boolean;
  /** UTC adjustment and unit of a timestamp. */
  readonly timestamp: { readonly isUtc: boolean; readonly unit: number } | undefined;
  readonly children: readonly SchemaNode[];
};

const schemaField = 2;
const encryptionField = 8;
export const elementFields = {
  type: 1,
  typeLength: 2,
  name: 4,
  childCount: 5,
  convertedType: 6,
  scale: 7,
  precision: 8,
  logicalType: 10,
} as const;
const convertedDecimal = 5;
const logicalDecimal = 5;
const levelsMax = 64;

/** Reads the schema of a footer; `isEncrypted` if the values are encrypted. */
export function readSchema(footer: Buffer): { columns: readonly SchemaNode[]; isEncrypted: boolean } {
  const cursor = cursorOn(footer);
  let elements: Element[] = [];
  let isEncrypted = false;
  readStruct(cursor, ({ id, type }) => {
    if (id === encryptionField) isEncrypted = true;
    if (id !== schemaField) return false;
    const count = readStructListHeader(cursor, type);
    elements = Array.from({ length: count }, () => readElement(cursor));
    return true;
  });
  const [root] = elements;
  if (!root) throw malformed("it has no schema");
  const state = { next: 1 };
  const columns = Array.from({ length: root.childCount }, () => readNode(elements, state, 1));
  if (state.next !== elements.length) throw malformed("its schema has parts that belong nowhere");
  return { columns, isEncrypted };
}

type Element = Omit<SchemaNode, "children" | "index"> & { readonly childCount: number };

function readNode(elements: readonly Element[], state: { next: number }, level: number): SchemaNode {
  const index = state.next++;
  const element = elements[index];
  if (!element) throw malformed("its schema has fewer parts than it says");
  if (level > levelsMax) throw malformed("its schema is nested too deep");
  const children = Array.from({ length: element.childCount }, () => readNode(elements, state, level + 1));
  return { ...element, index, children };
}

function readElement(cursor: Cursor): Element {
  const numbers = new Map<number, number>();
  let name = "";
  let logical: Logical = { id: 0, isUtc: false, unit: 0 };
  readStruct(cursor, ({ id, type }) => {
    if (id === elementFields.name && type === wireTypes.binary) name = readText(cursor);
    else if (id === elementFields.logicalType && type === wireTypes.struct) logical = readLogical(cursor);
    else if (type === wireTypes.i32) numbers.set(id, Number(readInteger(cursor, type)));
    else return false;
    return true;
  });
  const childCount = numbers.get(elementFields.childCount) ?? 0;
  if (childCount < 0 || childCount > cursor.bytes.length)
    throw malformed("a number of parts is out of its range");
  return {
    name,
    physicalType: numbers.get(elementFields.type),
    precision: numbers.get(elementFields.precision) ?? 0,
    scale: numbers.get(elementFields.scale) ?? 0,
    isDecimal: numbers.get(elementFields.convertedType) === convertedDecimal || logical.id === logicalDecimal,
    timestamp:
      logical.id === logicalTypes.timestamp ? { isUtc: logical.isUtc, unit: logical.unit } : undefined,
    childCount,
  };
}

function readText(cursor: Cursor): string {
  const start = cursor.offset;
  skip(cursor, wireTypes.binary);
  const bytes = cursor.bytes.subarray(start, cursor.offset);
  let lengthEnd = 0;
  while ((bytes[lengthEnd] ?? 0) & 0x80) lengthEnd++;
  return bytes.toString("utf8", lengthEnd + 1);
}

type Logical = { readonly id: number; readonly isUtc: boolean; readonly unit: number };

/** A union: the id of its only field is the type. */
function readLogical(cursor: Cursor): Logical {
  let found: Logical = { id: 0, isUtc: false, unit: 0 };
  readStruct(cursor, ({ id, type }) => {
    found = { id, isUtc: false, unit: 0 };
    if (id !== logicalTypes.timestamp || type !== wireTypes.struct) return false;
    found = { id, ...readTimestamp(cursor) };
    return true;
  });
  return found;
}

function readTimestamp(cursor: Cursor): { isUtc: boolean; unit: number } {
  let isUtc = false;
  let unit = 0;
  readStruct(cursor, ({ id, type }) => {
    if (id === 1) isUtc = type === wireTypes.true;
    if (id !== 2 || type !== wireTypes.struct) return false;
    readStruct(cursor, (inner) => {
      unit = inner.id;
      return false;
    });
    return true;
  });
  return { isUtc, unit };
}

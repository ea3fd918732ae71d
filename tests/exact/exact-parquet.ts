import {
  type FileMetaData,
  parquetMetadata,
  parquetReadObjects,
  parquetSchema,
  type SchemaElement,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import type { Plain } from "./canonical.ts";
import type { ReadTable } from "./keeps.ts";

type Tree = ReturnType<typeof parquetSchema>;
type Raw = unknown;

/**
 * Reads a Parquet file without rounding. The library converts decimals to numbers and timestamps to milliseconds, so their
 * types are removed from its schema and the raw values are formatted here.
 */
export async function readParquetExactly(bytes: Uint8Array): Promise<ReadTable> {
  const file = new Uint8Array(bytes).buffer;
  const metadata = parquetMetadata(file);
  const { children } = parquetSchema(metadata);
  const typed = children.map((child) => ({ ...child, type: typeOf(child) }));
  const options = { utf8: false, parsers: { jsonFromBytes: textOf, timestampFromNanoseconds: formatInt96 } };
  const rows = await parquetReadObjects({ file, metadata: withoutTypes(metadata), compressors, ...options });
  return {
    columns: typed.map((child) => ({
      name: child.element.name,
      type: child.type,
      isText: isText(child.element),
    })),
    rows: rows.map((row) => typed.map((child) => format(row[child.element.name], child))),
  };
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

const isText = ({ converted_type, logical_type }: SchemaElement): boolean =>
  ["UTF8", "JSON", "ENUM"].includes(converted_type ?? "") || logical_type?.type === "STRING";

const typeOf = ({ element }: Tree): string =>
  element.logical_type?.type ?? element.converted_type ?? element.type ?? "GROUP";

function withoutTypes(metadata: FileMetaData): FileMetaData {
  const raw = (element: SchemaElement): SchemaElement => {
    if (!/^(DECIMAL|DATE|TIME|TIMESTAMP|INTERVAL)/.test(typeOf({ element } as Tree))) return element;
    const { converted_type: _, logical_type: __, ...rest } = element;
    return rest;
  };
  return { ...metadata, schema: metadata.schema.map(raw) };
}

function format(value: Raw, tree: Tree): Plain {
  if (value === null || value === undefined) return null;
  const { element, children } = tree;
  if (element.repetition_type === "REPEATED" && Array.isArray(value)) {
    return value.map((item) =>
      format(item, { ...tree, element: { ...element, repetition_type: "REQUIRED" } }),
    );
  }
  if (children.length === 0) return formatLeaf(value, element);
  const inner = children[0] as Tree;
  if (/^(LIST)$/.test(typeOf(tree))) return formatList(value, inner);
  if (/^(MAP)$/.test(typeOf(tree))) return formatMap(value, inner);
  const fields = value as Record<string, Raw>;
  return Object.fromEntries(
    children.map((child) => [child.element.name, format(fields[child.element.name], child)]),
  );
}

function formatList(value: Raw, repeated: Tree): Plain {
  const item = repeated.children[0] ?? repeated;
  return (value as Raw[]).map((each) => format(each, item));
}

/** A list of objects with `key` and `value`, like Sluice's responses. */
function formatMap(value: Raw, entry: Tree): Plain {
  const [key, item] = entry.children as [Tree, Tree];
  const entries = Array.isArray(value)
    ? value.map((each) => [each.key, each.value] as const)
    : Object.entries(value as Record<string, Raw>);
  return entries.map(([name, each]) => ({
    key: typeof name === "string" ? name : format(name, key),
    value: format(each, item),
  }));
}

function formatLeaf(value: Raw, element: SchemaElement): Plain {
  const type = typeOf({ element } as Tree);
  if (type === "DECIMAL") return formatDecimal(value, element.scale ?? 0);
  if (type === "DATE") return dayOf(Number(value));
  if (/^TIMESTAMP/.test(type)) return formatTimestamp(BigInt(value as bigint), element);
  if (/^TIME/.test(type)) return clockOf(BigInt(value as bigint) * unitNanos(element));
  if (value instanceof Uint8Array)
    return isText(element) ? textOf(value) : Buffer.from(value).toString("base64");
  if (element.type === "FLOAT") return shortestFloat(value as number);
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  return typeof value === "boolean" ? value : String(value);
}

/** Formats a 32-bit float with the fewest digits that identify it. */
function shortestFloat(value: number): string {
  const digits = [6, 7, 8].find((count) => Math.fround(Number(value.toPrecision(count))) === value);
  return String(digits ? Number(value.toPrecision(digits)) : value);
}

function formatDecimal(value: Raw, scale: number): string {
  const unscaled = value instanceof Uint8Array ? signed(value) : BigInt(value as number | bigint);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, point)}${scale ? `.${digits.slice(point)}` : ""}`;
}

const signed = (bytes: Uint8Array): bigint =>
  BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString("hex")}`));

const dayNanos = 86_400_000_000_000n;

function unitNanos({ logical_type, converted_type }: SchemaElement): bigint {
  const unit = logical_type && "unit" in logical_type ? logical_type.unit : converted_type?.split("_").at(-1);
  return { MILLIS: 1_000_000n, MICROS: 1000n, NANOS: 1n }[unit as "MILLIS"] ?? 1n;
}

function formatTimestamp(value: bigint, element: SchemaElement): string {
  const { logical_type, converted_type } = element;
  const inUtc =
    logical_type?.type === "TIMESTAMP" ? logical_type.isAdjustedToUTC : converted_type !== undefined;
  return formatNanos(value * unitNanos(element)) + (inUtc ? "Z" : "");
}

const formatInt96 = (nanos: bigint): string => formatNanos(nanos);

function formatNanos(nanos: bigint): string {
  const ofDay = ((nanos % dayNanos) + dayNanos) % dayNanos;
  return `${dayOf(Number((nanos - ofDay) / dayNanos))}T${clockOf(ofDay)}`;
}

const dayOf = (days: number): string => new Date(days * 86_400_000).toISOString().split("T")[0] ?? "";

function clockOf(nanos: bigint): string {
  const two = (value: bigint) => String(value).padStart(2, "0");
  const seconds = nanos / 1_000_000_000n;
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map(two).join(":");
  return `${clock}.${String(nanos % 1_000_000_000n).padStart(9, "0")}`.replace(/\.?0+$/, "");
}

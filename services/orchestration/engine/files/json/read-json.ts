import type { DuckDBConnection } from "@duckdb/node-api";
import { readRows } from "../../database/sandbox.ts";
import { EngineFailure } from "../../engine-failure.ts";
import type { FileProblem } from "../../preparation.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { identifier, literal } from "../../sql-text.ts";
import { normalName } from "../../work-file-names.ts";
import type { ColumnOverride } from "../columns/column-override.ts";
import { findCaseCollision } from "../columns/find-case-collision.ts";
import { findMisfits } from "../columns/find-misfits.ts";
import { nameTable, overridesOf } from "../columns/name-table.ts";
import { notUtf8, positionAt } from "../decode/text-position.ts";
import type { PlainInput, Readable, ReadableColumn } from "../readable.ts";
import { type ColumnPlan, planOf } from "./column-plan.ts";
import { findRows } from "./find-rows.ts";
import { JsonError } from "./json-error.ts";
import { rewriteFile } from "./rewrite-file.ts";
import { scanFile } from "./scan-file.ts";
import type { JsonRange, RangeScan } from "./scan-range.ts";
import type { Layout } from "./skip-between-rows.ts";

/** DuckDB's default limit of a row, in bytes. */
const defaultRowBytes = 16 * 1024 * 1024;

const duckdbFormats: Readonly<Record<Layout, string>> = {
  lines: "newline_delimited",
  sequence: "unstructured",
  list: "array",
};

type Column = {
  /** Name in the file and in the table. */
  readonly key: string;
  readonly name: string;
  readonly plan: ColumnPlan;
  readonly override: ColumnOverride | undefined;
  readonly nullCount: number;
};

/** Detects columns and types of JSON from all of its rows. Fails with EngineFailure. */
export async function readJson(
  input: PlainInput,
  settings: ReadingSettings,
  connection: DuckDBConnection,
): Promise<Readable> {
  const format = settings.format === "ndjson" ? "ndjson" : "json";
  try {
    const { range, hasMark } = await findRows(input, format);
    const { scan, layout } = await scanRows(range, format);
    const columns = columnsOf(scan, settings);
    const source = await openSource({ ...range, layout }, columns, scan, hasMark);
    const readable = columns.map((column, index) => toReadable(column, source.keys[index] ?? ""));
    return {
      found: { ...settings, ...input.found, format },
      relation: source.relation,
      paths: [source.path],
      columns: await withDuckdbTypes(connection, source.relation, readable),
      rowCount: scan.rowCount,
      rowBytes: input.sizeBytes / Math.max(1, scan.rowCount),
      problems: await findColumnMisfits(connection, columns, source),
    };
  } catch (error) {
    throw error instanceof JsonError ? await toFailure(input.path, error) : error;
  }
}

/** Replaces types by DuckDB's own notation, which quotes names only if necessary. */
async function withDuckdbTypes(
  connection: DuckDBConnection,
  relation: string,
  columns: readonly ReadableColumn[],
): Promise<ReadableColumn[]> {
  if (!columns.some(({ dataType }) => dataType.includes('"'))) return [...columns];
  const list = columns.map(({ expression }) => expression).join(", ");
  const described = await readRows(connection, `DESCRIBE SELECT ${list} FROM ${relation}`);
  return columns.map((column, index) => ({ ...column, dataType: String(described[index]?.column_type) }));
}

function findColumnMisfits(
  connection: DuckDBConnection,
  columns: readonly Column[],
  { relation, keys }: Source,
): Promise<FileProblem[]> {
  const names = columns.map(({ name }) => name);
  const columnSql = (column: number) => identifier(keys[column] ?? "");
  const overrides = new Map(
    columns.flatMap(({ override }, column) => (override ? [[column, override] as const] : [])),
  );
  return findMisfits(connection, { names, relation, columnSql, lineOfRow: undefined }, overrides);
}

async function toFailure(path: string, { offset, message }: JsonError): Promise<EngineFailure> {
  const { line, character } = await positionAt(path, offset);
  return new EngineFailure("sourceDataInvalid", `line ${line}, character ${character}: ${message}`);
}

/** Tries one object per line first, the usual form, because several threads can scan lines. */
async function scanRows(
  range: JsonRange,
  format: "json" | "ndjson",
): Promise<{ scan: RangeScan; layout: Layout }> {
  const scan = await scanFile(range);
  if (!scan.problem) return { scan, layout: range.layout };
  if (format === "json" && range.layout === "lines") {
    return {
      scan: await throwProblem(range.path, await scanFile({ ...range, layout: "sequence" })),
      layout: "sequence",
    };
  }
  return { scan: await throwProblem(range.path, scan), layout: range.layout };
}

async function throwProblem(path: string, scan: RangeScan): Promise<RangeScan> {
  if (!scan.problem) return scan;
  const { offset, message } = scan.problem;
  throw message === undefined ? await notUtf8(path, offset) : new JsonError(offset, message);
}

function columnsOf({ row, rowCount }: RangeScan, settings: ReadingSettings): Column[] {
  const keys = row.fieldList.map(({ name }) => name);
  if (keys.length === 0)
    throw invalid(rowCount === 0 ? "the file has no rows" : "the file has no columns: its objects are empty");
  const names = nameTable(keys, settings);
  const overrides = overridesOf(names, settings);
  return row.fieldList.map((field, index) => {
    const name = names[index] ?? "";
    const override = overrides.get(name);
    return {
      key: field.name,
      name,
      plan: override ? anyText : planOf(field),
      override,
      nullCount: rowCount - field.valueCount,
    };
  });
}

const anyText: ColumnPlan = { how: "anyText", dataType: "VARCHAR", isDirect: false };

type Source = { readonly path: string; readonly relation: string; readonly keys: readonly string[] };

/** The original file if DuckDB reads it correctly, else a rewritten one. */
async function openSource(
  range: JsonRange,
  columns: readonly Column[],
  scan: RangeScan,
  hasMark: boolean,
): Promise<Source> {
  const keys = columns.map(({ key }) => key);
  const isDirect =
    !hasMark &&
    columns.every(({ plan }) => plan.isDirect) &&
    keys.every((key) => key !== "" && !key.includes("\0")) &&
    findCaseCollision(keys) === undefined;
  if (isDirect) {
    const longest = range.layout === "list" ? 2 * scan.longestRowBytes : scan.longestRowBytes;
    return { path: range.path, keys, relation: relationOf(range.path, range.layout, keys, columns, longest) };
  }
  const shortKeys = columns.map((_, index) => `c${index}`);
  const rewritten = new Map(
    columns.map(({ key, plan }, index) => [key, { prefix: Buffer.from(`"${shortKeys[index]}":`), plan }]),
  );
  const longest = await rewriteFile(range, rewritten, scan);
  return {
    path: normalName,
    keys: shortKeys,
    relation: relationOf(normalName, "lines", shortKeys, columns, longest),
  };
}

function relationOf(
  path: string,
  layout: Layout,
  keys: readonly string[],
  columns: readonly Column[],
  longestRowBytes: number,
): string {
  const types = keys.map((key, index) => `${literal(key)}: ${literal(columns[index]?.plan.dataType ?? "")}`);
  const rowBytes = Math.max(defaultRowBytes, longestRowBytes + 1024);
  return (
    `read_json(${literal(path)}, auto_detect = false, format = '${duckdbFormats[layout]}', ignore_errors = false, ` +
    `maximum_object_size = ${rowBytes}, columns = {${types.join(", ")}})`
  );
}

function toReadable({ name, plan, override, nullCount }: Column, key: string): ReadableColumn {
  const value = identifier(key);
  const common = { name, nullable: true, nullCount, form: plan.form, note: plan.note };
  if (!override) return { ...common, dataType: plan.dataType, expression: value };
  return {
    ...common,
    dataType: override.dataType,
    expression: override.value(value),
    note: "as settings.columnTypes says",
  };
}

const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);

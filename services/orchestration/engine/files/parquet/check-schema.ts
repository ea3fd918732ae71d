import { EngineFailure } from "../../engine-failure.ts";
import { findCaseCollision } from "../columns/find-case-collision.ts";
import type { Patch } from "./patch-footer.ts";
import { nanoseconds, physicalTypes, type SchemaNode } from "./schema.ts";

const decimalDigitsMax = 38;

/** Refuses types that DuckDB reads as other values. */
export function checkSchema(columns: readonly SchemaNode[]): void {
  for (const column of columns) checkNode(column, column.name, true);
}

function checkNode(node: SchemaNode, column: string, isWhole: boolean): void {
  if (node.isDecimal && node.precision > decimalDigitsMax) {
    throw invalid(
      column,
      `is DECIMAL(${node.precision},${node.scale}): decimals have ${decimalDigitsMax} digits at the most: write it as text`,
    );
  }
  if (node.physicalType === physicalTypes.int96 && !isWhole) {
    throw invalid(column, "has INT96 in a list or a struct: write it as a timestamp");
  }
  if (node.timestamp?.isUtc && node.timestamp.unit === nanoseconds && !isWhole) {
    throw invalid(column, "has nanoseconds with a zone in a list or a struct: write microseconds, or text");
  }
  const alike = findCaseCollision(node.children.map(({ name }) => name));
  if (alike) {
    throw invalid(
      column,
      `has fields that differ in case only: ${alike.map((name) => JSON.stringify(name)).join(" and ")}`,
    );
  }
  for (const child of node.children) checkNode(child, column, false);
}

/** Columns that DuckDB would truncate to microseconds, by the index of their schema element. */
export function patchesOf(columns: readonly SchemaNode[]): Map<number, Patch> {
  const patches = new Map<number, Patch>();
  for (const { index, physicalType, timestamp, children } of columns) {
    if (children.length > 0) continue;
    if (physicalType === physicalTypes.int96) patches.set(index, "int96AsInterval");
    else if (timestamp?.isUtc && timestamp.unit === nanoseconds) patches.set(index, "nanosecondsWithoutZone");
  }
  return patches;
}

const invalid = (column: string, what: string) =>
  new EngineFailure("sourceDataInvalid", `column ${JSON.stringify(column)} ${what}`);

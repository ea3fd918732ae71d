import type { ExtractFormat } from "../../../engine/protocol.ts";
import { identifier } from "../../../engine/sql-text.ts";
import { tableChanged } from "../../../errors.ts";
import type { SnapshotTable } from "../../connector.ts";
import { checkReply } from "../../sql/check-reply.ts";
import { limitOf, whereAll } from "../../sql/render-filter.ts";
import type { ReadableTable, RowDescription, RowRange } from "../../sql/row-source.ts";
import { readLayout } from "../catalog/layout.ts";
import { explainReply } from "../catalog/replies.ts";
import { readRowSecurity } from "../catalog/row-security.ts";
import { conversionOf } from "../catalog/type-conversion.ts";
import { toRowsFailure } from "../session/failures.ts";
import type { Execute } from "../session/session.ts";
import { quoteFirst, selectList } from "./select-list.ts";
import { bindParameters, whereOf } from "./where-of.ts";

/** Describes a table in the session that holds the snapshot, and locks it against alterations until the session ends. */
export async function describeRows(
  execute: Execute,
  table: SnapshotTable,
  format: ExtractFormat,
): Promise<RowDescription> {
  // Only the engine's own reader of the binary format takes it, and that writes Parquet.
  const encoding = format === "parquet" ? ("binary" as const) : ("csv" as const);
  const target = `${identifier(table.schemaName)}.${identifier(table.name)}`;
  const label = `${table.schemaName}.${table.name}`;
  const allRows = await lockAndEstimate(execute, table, { label, target });
  const layout = await readLayout(execute, table);
  if (layout.isRewritten) throw tableChanged(label);
  const conversionFor = (name: string) => {
    const type = layout.columns.get(name);
    if (!type) throw tableChanged(label);
    return conversionOf(type);
  };
  const conversions = table.wanted.map((name) => ({ name, ...conversionFor(name) }));
  const filter = whereOf(table, conversionFor);
  await bindParameters(execute, filter.parameters);
  const matching = { label, target: `${target}${whereAll(filter.where)}` };
  const rowCount = filter.where === undefined ? allRows : await lockAndEstimate(execute, table, matching);
  const list = selectList(
    conversions.map(({ name, [encoding]: expression }) => expression(identifier(name))),
  );
  return {
    columns: conversions.map(({ read, write, dataType, comparison }) => ({
      read: read[encoding],
      write,
      dataType,
      comparison,
    })),
    encoding,
    select: `select ${list} from ${target}`,
    ...filter,
    limit: table.limit,
    rowCount,
    interval: layout.pages === undefined ? undefined : { unit: "pages", from: 0, to: layout.pages },
    rowSecurity: await readRowSecurity(execute, table),
  };
}

/** The COPY of a range of pages, or of all rows. */
export const copyRange = (
  { select, where, limit, encoding }: ReadableTable,
  range: RowRange | undefined,
): string =>
  `copy (${select}${whereAll(where, inRange(range))}${limitOf(limit)}) ` +
  `to stdout (${copyOptions[encoding]}, encoding 'UTF8')`;

const copyOptions = { csv: `format csv, null '\\N', ${quoteFirst}`, binary: "format binary" } as const;

/**
 * Planning the statement locks the table and its partitions, and fails if a column is missing. Returns the estimated number
 * of rows.
 */
async function lockAndEstimate(
  execute: Execute,
  { wanted }: SnapshotTable,
  { label, target }: { label: string; target: string },
): Promise<number> {
  try {
    const [row] = await execute(
      `explain (format json) select ${wanted.map(identifier).join(", ")} from ${target}`,
    );
    const [{ Plan: plan }] = checkReply(explainReply, row, `plan of the table ${label}`)["QUERY PLAN"];
    return plan["Plan Rows"];
  } catch (error) {
    throw toRowsFailure(error, label);
  }
}

/** A COPY takes no parameters; the bounds are integers. */
const inRange = (range: RowRange | undefined): string =>
  range ? `ctid >= '(${range.from},0)'${range.to === undefined ? "" : ` and ctid < '(${range.to},0)'`}` : "";

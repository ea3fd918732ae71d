import { tableChanged } from "../../errors.ts";
import type { ReadDescription, SnapshotTable } from "../connector.ts";
import { limitOf, whereAll } from "./render-filter.ts";
import type { SqlSession } from "./row-source.ts";

/** Describes how tables are read, one after another. */
export const describeTables =
  (tables: readonly SnapshotTable[]) =>
  async (session: SqlSession): Promise<ReadDescription[]> => {
    const described: ReadDescription[] = [];
    for (const table of tables) described.push(await describeTable(session, table));
    return described;
  };

async function describeTable(session: SqlSession, table: SnapshotTable): Promise<ReadDescription> {
  const {
    columns,
    select,
    where,
    limit,
    parameters = [],
    rowCount,
  } = await (session.describeTypes?.(table) ?? session.describeRows(table, "parquet"));
  return {
    columns: table.wanted.map((name, index) => {
      const format = columns[index];
      if (!format) throw tableChanged(`${table.schemaName}.${table.name}`);
      return { name, dataType: format.dataType, comparison: format.comparison };
    }),
    statement: `${select}${whereAll(where)}${limitOf(limit)}`,
    parameters,
    rowCount: limit === undefined ? rowCount : Math.min(limit, rowCount),
  };
}

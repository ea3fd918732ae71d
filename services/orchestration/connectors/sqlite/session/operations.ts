import { tableChanged } from "../../../errors.ts";
import type { SnapshotTable } from "../../connector.ts";
import { limitOf, whereAll } from "../../sql/render-filter.ts";
import type { ColumnBatch, ReadableTable, RowRange } from "../../sql/row-source.ts";
import { withFailures } from "../database/failures.ts";
import type { Database } from "../database/open-database.ts";
import type { Statement } from "../database/statement.ts";
import { describeTable, mixedTypes, readKinds, type TableDescription } from "../reading/catalog.ts";
import { type ColumnType, typeOfDeclaration, typeOfKinds } from "../reading/column-type.ts";
import { listTables } from "../reading/list-tables.ts";
import { createBatches, createCursor } from "../reading/row-stream.ts";
import type { ColumnTypes } from "../settings.ts";

const keyOf = ({ select, where, parameters, limit }: Omit<ReadableTable, "label" | "encoding">): string =>
  JSON.stringify([select, where, parameters, limit]);

export type SessionOperations = ReturnType<typeof createSessionOperations>;

/** A statement that is read step by step. */
type Open = Disposable & {
  readonly fetch?: ReturnType<typeof createCursor>;
  readonly next?: () => ColumnBatch | undefined;
};

/** Functions of a session, as its worker runs them: arguments and results travel between threads. */
export function createSessionOperations(database: Database, columnTypes: ColumnTypes) {
  const open = new Map<number, Open>();
  const described = new Map<string, TableDescription & { name: string; wanted: readonly string[] }>();
  let lastId = 0;

  function add(one: Open): number {
    lastId += 1;
    open.set(lastId, one);
    return lastId;
  }

  const find = (id: number): Open => {
    const found = open.get(id);
    if (!found) throw new Error(`there is no open statement ${id}`);
    return found;
  };

  /** The declared type of a result's column, or that of its values. */
  function typesOf(statement: Statement, rowsMax: number | undefined): ColumnType[] {
    const declared = statement.columns.map(({ declaredType, origin }) => {
      const given = origin && columnTypes[origin.table]?.[origin.column];
      return given ?? (declaredType === undefined ? undefined : typeOfDeclaration(declaredType));
    });
    const indices = declared.flatMap((type, index) => (type === undefined ? [index] : []));
    if (indices.length === 0) return declared.map((type) => type ?? "VARCHAR");
    const { kinds } = withFailures(() => readKinds(statement, indices, rowsMax), true);
    statement.restart();
    return declared.map((type, index) => {
      if (type !== undefined) return type;
      const found = kinds[indices.indexOf(index)] ?? new Set();
      const name = JSON.stringify(statement.columns[index]?.name);
      const foundType = typeOfKinds(found);
      if (foundType === undefined) throw mixedTypes(`the column ${name} of the result`, found);
      return foundType;
    });
  }

  return {
    version: () => database.version,
    listTables: (tablesMax: number) => listTables(database, tablesMax, columnTypes),
    openCursor(sql: string, rowCount: number) {
      const statement = database.prepareReading(sql);
      const fetch = createCursor(statement);
      const id = add({ fetch, [Symbol.dispose]: () => statement[Symbol.dispose]() });
      const columns = statement.columns.map(({ name, declaredType }) => ({
        name,
        dataType: declaredType ?? "ANY",
      }));
      return { id, columns, first: fetch(rowCount) };
    },
    fetch: (id: number, rowCount: number) => find(id).fetch?.(rowCount),
    describeRows(table: SnapshotTable) {
      const description = withFailures(() => describeTable(database, table, columnTypes));
      described.set(keyOf(description), { ...description, name: table.name, wanted: table.wanted });
      return description;
    },
    startRange(wanted: ReadableTable, range: RowRange | undefined): number {
      const table = described.get(keyOf(wanted));
      if (!table) throw tableChanged(wanted.label);
      const { select, where, limit, parameters = [], rowId } = table;
      const inRange = range ? `${rowId} >= ?${range.to === undefined ? "" : ` and ${rowId} < ?`}` : "";
      const statement = database.prepare(`${select}${whereAll(where, inRange)}${limitOf(limit)}`);
      const bounds = range ? [range.from, range.to].filter((bound) => bound !== undefined) : [];
      statement.restart(...parameters, ...bounds.map(BigInt));
      const next = createBatches(statement, {
        types: table.types,
        hasRowId: rowId !== undefined,
        subject: `the table ${JSON.stringify(table.name)}`,
        columnNames: table.wanted,
        rowsMax: undefined,
      });
      return add({ next, [Symbol.dispose]: () => statement[Symbol.dispose]() });
    },
    openStatement(sql: string, rowsMax: number | undefined) {
      const statement = database.prepareReading(sql);
      const types = typesOf(statement, rowsMax);
      const columnNames = statement.columns.map(({ name }) => name);
      const options = { types, hasRowId: false, subject: "the result", columnNames, rowsMax };
      const next = createBatches(statement, options);
      const id = add({ next, [Symbol.dispose]: () => statement[Symbol.dispose]() });
      return { id, columns: types.map((type, index) => ({ name: columnNames[index] ?? "", type })) };
    },
    nextBatch: (id: number) => find(id).next?.(),
    close(id: number): void {
      open.get(id)?.[Symbol.dispose]();
      open.delete(id);
    },
    closeAll(): void {
      for (const one of open.values()) one[Symbol.dispose]();
      open.clear();
    },
  };
}

import { columnAlias } from "../../engine/database/column-alias.ts";
import { feedPipe } from "../../engine/pipes/feed-pipe.ts";
import type { ResultRows } from "../../engine/protocol.ts";
import type { OperationContext } from "../../source-process/operation.ts";
import type { RowSource, Statement } from "./row-source.ts";
import { writeRows } from "./write-rows.ts";

export type StatementRequest = {
  readonly sql: string;
  /** Maximum of rows that are read; undefined for all. */
  readonly rowsMax: number | undefined;
  /** Absolute path of the named pipe that the rows are written to. */
  readonly inputPath: string;
};

/** Format of the rows in the pipe. */
export type StatementPlan = ResultRows & { readonly kind: "copy" };

/** Sends the plan of a statement, then writes its rows to a pipe. Returns their number, if the source reports it. */
export const readStatement = (
  source: RowSource,
  { login, sql, rowsMax, inputPath, timeoutMs }: StatementRequest & { login: unknown; timeoutMs: number },
  { signal, send }: OperationContext<StatementPlan>,
): Promise<number | undefined> =>
  feedPipe(inputPath, signal, (pipe) =>
    source.withSession(login, { signal, timeoutMs }, async (session) => {
      const { columns, rows } = await session.openStatement(sql, rowsMax);
      send(planOf(columns));
      return writeRows(rows, pipe, signal);
    }),
  );

const planOf = (columns: Statement["columns"]): StatementPlan => ({
  kind: "copy",
  reading: {
    format: "copy",
    encoding: "csv",
    columns: columns.map(({ read }, index) => ({ name: columnAlias(index), dataType: read })),
  },
  columns: columns.map(({ name, write, dataType }, index) => ({
    name,
    expression: write(columnAlias(index)),
    dataType,
  })),
});

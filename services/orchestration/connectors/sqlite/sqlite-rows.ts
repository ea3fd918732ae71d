import { randomUUID } from "node:crypto";
import { beforeAbort } from "../../timing/before-abort.ts";
import type { ColumnBatch, RowSource, SqlSession } from "../sql/row-source.ts";
import { formatOf } from "./reading/column-type.ts";
import { type SessionWorker, startSessionWorker } from "./session/start-worker.ts";
import type { ColumnTypes } from "./settings.ts";

export type SqliteLogin = {
  readonly path: string;
  /** Its write-ahead log; undefined if there is none. */
  readonly walPath: string | undefined;
  readonly columnTypes: ColumnTypes;
};

/** Reads SQLite databases, whose bytes do not change during a session. */
export const createSqliteRows = (): RowSource<SqliteLogin> => ({
  sharesSnapshots: false,
  async withSession({ path, walPath, columnTypes }, { signal }, work) {
    signal.throwIfAborted();
    await using worker = startSessionWorker({ path, walPath, columnTypes });
    return await beforeAbort(work(toSession(worker)), signal);
  },
});

const toSession = (worker: SessionWorker): SqlSession => ({
  closed: worker.closed,
  version: async () => `SQLite ${await worker.call("version")}`,
  listTables: (_schemas, tablesMax) => worker.call("listTables", tablesMax),
  async openCursor(sql, rowCount) {
    const { id, columns, first } = await worker.call("openCursor", sql, rowCount);
    const fetch = async (count: number) => {
      const rows = await worker.call("fetch", id, count);
      if (!rows) throw new Error("the statement is no cursor");
      return rows;
    };
    return { columns, first, fetch };
  },
  takeSnapshot: async () => ({ name: randomUUID(), time: new Date() }),
  async describeRows(table) {
    const { types, select, rowCount, interval } = await worker.call("describeRows", table);
    return {
      columns: types.map(formatOf),
      encoding: "csv",
      select,
      rowCount,
      interval,
      rowSecurity: undefined,
    };
  },
  readRange: ({ select }, range) => ({
    batches: batchesOf(worker, () => worker.call("startRange", select, range)),
  }),
  async openStatement(sql, rowsMax) {
    const { id, columns } = await worker.call("openStatement", sql, rowsMax);
    return {
      columns: columns.map(({ name, type }) => ({ name, ...formatOf(type) })),
      rows: { batches: batchesOf(worker, async () => id) },
    };
  },
});

/** The reader may return while a batch is read: then the statement is stopped, and the session stays. */
const batchesOf = (worker: SessionWorker, start: () => Promise<number>): AsyncIterable<ColumnBatch> => ({
  [Symbol.asyncIterator]() {
    let started: Promise<number> | undefined;
    let reading: Promise<unknown> | undefined;
    return {
      async next() {
        started ??= start();
        const batch = worker.call("nextBatch", await started);
        reading = batch.catch(() => {});
        const value = await batch;
        reading = undefined;
        return value ? { done: false, value } : { done: true, value: undefined };
      },
      async return() {
        if (reading) worker.stop();
        await reading;
        const id = await started?.catch(() => undefined);
        if (id !== undefined) await worker.call("close", id).catch(() => {});
        return { done: true, value: undefined };
      },
    };
  },
});

import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
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

/**
 * Reads SQLite databases. Paths stand for bytes that never change, so the last session can be continued by the next request
 * for the same paths.
 */
export function createSqliteRows(): RowSource<SqliteLogin> {
  let idle: { readonly key: string; readonly worker: SessionWorker } | undefined;

  function take(key: string, login: SqliteLogin): SessionWorker {
    const found = idle?.key === key ? idle.worker : undefined;
    if (!found || found.closed.aborted) return startSessionWorker(login);
    idle = undefined;
    found.setIdle(false);
    return found;
  }

  async function keep(key: string, worker: SessionWorker): Promise<void> {
    await worker.call("closeAll");
    worker.setIdle(true);
    const before = idle;
    idle = { key, worker };
    await before?.worker[Symbol.asyncDispose]();
  }

  return {
    sharesSnapshots: false,
    async withSession({ path, walPath, columnTypes }, { signal }, work) {
      signal.throwIfAborted();
      const login = { path, walPath, columnTypes };
      const key = JSON.stringify(login);
      const worker = take(key, login);
      try {
        const result = await beforeAbort(work(toSession(worker)), signal);
        await keep(key, worker);
        return result;
      } catch (error) {
        if (isOfCaller(error) && !worker.closed.aborted) await keep(key, worker);
        else await worker[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}

/** Whether the statement was at fault, after which a session is as before. */
const isOfCaller = (error: unknown): boolean =>
  error instanceof ConnectError && error.code === Code.InvalidArgument;

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
    const { types, rowId, ...description } = await worker.call("describeRows", table);
    return {
      ...description,
      columns: types.map(formatOf),
      encoding: "csv",
      rowSecurity: undefined,
    };
  },
  readRange: (table, range) => ({
    batches: batchesOf(worker, () => worker.call("startRange", table, range)),
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

import { type Cell, type Results, type TrinoColumn, unreadable } from "../wire/results.ts";

/** Rows of a statement, which the server computes as they are read. */
export type ResultSet = {
  readonly columns: readonly TrinoColumn[];
  /** The next rows, at least one; undefined at the end. */
  next(): Promise<RowPage | undefined>;
  /** Ends the statement. */
  stop(): Promise<void>;
};

type RowPage = { readonly rows: readonly (readonly Cell[])[]; readonly sizeBytes: number };

type Requests = {
  /** Gets the response of a path. */
  follow(next: string): Promise<Results>;
  /** Has the server end the statement. */
  stop(next: string): Promise<void>;
  onEnd(): void;
};

/** `first` is the response to the statement. `start` waits for the columns. */
export function createResultSet(
  first: Results,
  { follow, stop, onEnd }: Requests,
): ResultSet & { start(): Promise<void> } {
  let results = first;
  let columns = first.columns;
  let isStopped = false;

  /** The rows of the response at hand, once. */
  function takeRows(): RowPage | undefined {
    const { rows, sizeBytes } = results;
    if (rows.length === 0) return undefined;
    if (rows.some((row) => row.length !== columns?.length)) throw unreadable();
    results = { ...results, rows: [] };
    return { rows, sizeBytes };
  }

  return {
    get columns() {
      return columns ?? [];
    },
    async start() {
      while (columns === undefined && results.next !== undefined) {
        results = await follow(results.next);
        columns = results.columns;
      }
    },
    async next() {
      for (;;) {
        const found = takeRows();
        if (found) return found;
        if (isStopped || results.next === undefined) break;
        results = await follow(results.next);
      }
      onEnd();
      if (!isStopped && !results.isFinished) throw unreadable();
      return undefined;
    },
    async stop() {
      onEnd();
      const { next } = results;
      if (next === undefined || isStopped) return;
      isStopped = true;
      await stop(next);
    },
  };
}

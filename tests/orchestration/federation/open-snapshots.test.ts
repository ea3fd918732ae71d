import { expect, test } from "vitest";
import type { DataSource, Snapshot } from "../../../services/orchestration/connectors/connector.ts";
import { tableChanged } from "../../../services/orchestration/errors.ts";
import { type MoveDeps, moveRows } from "../../../services/orchestration/federation/move-rows.ts";
import type { PlannedTable } from "../../../services/orchestration/federation/plan-catalog-statement.ts";

const tableOf = (schema: string, dataSource: Pick<DataSource, "openSnapshot">) =>
  ({
    reference: { catalog: "", schema, name: "t" },
    table: { schemaName: "", name: "t", columns: [] },
    columns: [],
    read: { wanted: [] },
    dataSource,
  }) as unknown as PlannedTable;

const unusedDeps = { transferLimits: { bytesMax: 1, rowsMax: 1 } } as unknown as MoveDeps;

test("FailedPrecondition: a source that changed stops the others, and a snapshot that opens later is disposed", async () => {
  const events: string[] = [];
  const opened: Pick<Snapshot, "tables" | "chunks"> & AsyncDisposable = {
    tables: [{ columns: [], rowSecurity: undefined }],
    chunks: [],
    async [Symbol.asyncDispose]() {
      events.push("disposed");
    },
  };
  const changed = tableOf("changed", { openSnapshot: () => Promise.reject(tableChanged("changed.t")) });
  const slow = tableOf("slow", {
    async openSnapshot(_request, { signal }) {
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve());
        // Without a signal it opens anyhow, long after the failure.
        setImmediate(resolve);
      });
      events.push(signal.aborted ? "stopped" : "not stopped");
      return opened as Snapshot;
    },
  });
  const limit = { signal: new AbortController().signal, timeoutMs: 60_000 };
  const move = moveRows(unusedDeps, { orgId: "", userId: "" }, [changed, slow], limit);
  await expect(move).rejects.toThrow("changed.t");
  events.push("failed");
  expect(events).toEqual(["stopped", "disposed", "failed"]);
});

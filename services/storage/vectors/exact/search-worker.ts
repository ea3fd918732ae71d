import { parentPort } from "node:worker_threads";
import type { SearchRequest } from "./search-thread.ts";
import { createVectorColumns, type VectorColumns } from "./vector-columns.ts";

// Holds vectors and compares them for `search-thread.ts`, in the order of the requests.

const columnsByKey = new Map<string, VectorColumns>();

parentPort?.on("message", ({ id, request }: { id: number; request: SearchRequest }) => {
  try {
    parentPort?.postMessage({ id, result: work(request) });
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});

function work(request: SearchRequest): unknown {
  switch (request.kind) {
    case "apply": {
      const columns = columnsByKey.get(request.key) ?? createVectorColumns(request.shape);
      columnsByKey.set(request.key, columns);
      columns.remove(request.removed);
      columns.upsert(request.batch);
      return columns.bytes();
    }
    case "search":
      return columnsByKey.get(request.key)?.search(request.query);
    case "scan": {
      const columns = createVectorColumns(request.shape);
      columns.upsert(request.batch);
      return columns.search(request.query);
    }
    case "drop":
      return columnsByKey.delete(request.key);
  }
}

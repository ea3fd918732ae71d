import { Socket } from "node:net";
import { channelDescriptor } from "../../confinement/layers.ts";
import { openMessageChannel } from "../../process/message-channel.ts";
import { nameTables, planStatement } from "../catalog/plan-statement.ts";
import { toEngineFailure } from "../database/duckdb-error.ts";
import { keepByteOrderMarks } from "../database/keep-byte-order-marks.ts";
import { openEarly } from "../database/sandbox.ts";
import { prepareFile } from "../files/prepare-file.ts";
import { previewFile } from "../files/preview-file.ts";
import type { EngineRequest, FailureKind, Reply, Task } from "../protocol.ts";
import { inputName, spillName } from "../work-file-names.ts";
import { memoryExceeded } from "./memory-exceeded.ts";
import { readStatistics } from "./read-statistics.ts";
import { runCatalogStatement } from "./run-catalog-statement.ts";
import { runStatement } from "./run-statement.ts";
import { writeExtract } from "./write-extract.ts";

// The program of an engine process, which runs tasks one at a time. It is a separate process because DuckDB is native code
// that reads untrusted files, and because some of its functions can't be interrupted, but a process can be killed.

/** A task contains a statement of up to 100,000 bytes and every column of a file. */
const taskBytesMax = 64 * 1024 * 1024;

keepByteOrderMarks();

const parent = new Socket({ fd: channelDescriptor });
// Killed rather than exited, because an exit would wait for DuckDB's threads.
parent.once("close", () => process.kill(process.pid, "SIGKILL"));
const channel = openMessageChannel(parent, taskBytesMax, async (message) => {
  const request = message as EngineRequest;
  if (request.kind !== "prepare") channel.send(await reply(request));
  openEarly({ path: inputName, spillDirectory: spillName, memoryBytes: request.memoryBytes });
});

async function reply(task: Task): Promise<Reply> {
  try {
    return await Promise.race([perform(task), memoryExceeded(task.memoryBytes)]);
  } catch (error) {
    const failure = toEngineFailure(error, fallbackFailure(task));
    return { kind: "failed", failure: failure.kind, message: failure.message };
  }
}

/** Tasks on the statement of a caller, whose text was checked before DuckDB failed. */
const statementTasks: ReadonlySet<Task["kind"]> = new Set([
  "query",
  "queryDatabase",
  "tableNames",
  "planCatalog",
  "queryCatalog",
]);

/** The kind of an ambiguous DuckDB error. */
function fallbackFailure(task: Task): FailureKind {
  if (statementTasks.has(task.kind)) return "internal";
  return task.kind === "write" && task.rows.kind !== "copy" ? "sqlInvalid" : "sourceDataInvalid";
}

async function perform(task: Task): Promise<Reply> {
  switch (task.kind) {
    case "prepareFile":
      return { kind: "prepared", preparation: await prepareFile(task) };
    case "preview":
      return { kind: "previewed", preview: await previewFile(task) };
    case "statistics":
      return { kind: "statistics", cuts: await readStatistics(task) };
    case "tableNames":
      return { kind: "tablesNamed", tables: await nameTables(task) };
    case "planCatalog":
      return { kind: "catalogPlanned", plan: await planStatement(task) };
    case "queryCatalog": {
      const { isRepeatable, ...result } = await runCatalogStatement(task);
      return { kind: "queried", isRepeatable, result };
    }
    case "extract":
      return { kind: "extracted", extraction: await writeExtract(task) };
    case "query": {
      const { isRepeatable, ...result } = await runStatement(task);
      return { kind: "queried", isRepeatable, result };
    }
    case "tables": {
      const { readTables } = await import("./read-tables.ts");
      return await readTables(task);
    }
    case "queryDatabase": {
      const { runDatabaseStatement } = await import("./run-database-statement.ts");
      const { isRepeatable, ...result } = await runDatabaseStatement(task);
      return { kind: "queried", isRepeatable, result };
    }
    case "write": {
      // Loaded on use: few tasks write a result, and its modules take time to load.
      const { writeResult } = await import("../result-file/write-result.ts");
      return { kind: "written", result: await writeResult(task) };
    }
  }
}

import { Socket } from "node:net";
import { channelDescriptor } from "../../confinement/layers.ts";
import { openMessageChannel } from "../../process/message-channel.ts";
import { toEngineFailure } from "../engine-failure.ts";
import { prepareFile } from "../files/prepare-file.ts";
import { previewFile } from "../files/preview-file.ts";
import { keepByteOrderMarks } from "../database/keep-byte-order-marks.ts";
import { exceedsMemory } from "./own-memory.ts";
import type { FailureKind, Order, Reply, Task } from "../protocol.ts";
import { readStatistics } from "./read-statistics.ts";
import { runStatement } from "./run-statement.ts";
import { openAhead } from "../database/sandbox.ts";
import { inputName, spillName } from "../processes/work-folder.ts";
import { writeExtract } from "./write-extract.ts";

// The process that does tasks on one source, one at a time. It is a process because DuckDB is native code that reads files of
// strangers, and because some of its functions can't be interrupted: a process can be killed.

/** A task has a statement of 100,000 bytes at most, and every column of a file. */
const taskBytesMax = 64 * 1024 * 1024;

keepByteOrderMarks();

const parent = new Socket({ fd: channelDescriptor });
// Without the parent nobody waits for the answer; an exit would wait for DuckDB's threads.
parent.once("close", () => process.kill(process.pid, "SIGKILL"));
const channel = openMessageChannel(parent, taskBytesMax, async (message) => {
  const order = message as Order;
  if (order.kind !== "prepare") channel.send(await answer(order));
  openAhead({ path: inputName, spillDirectory: spillName, memoryBytes: order.memoryBytes });
});

async function answer(task: Task): Promise<Reply> {
  try {
    return await Promise.race([perform(task), exceedsMemory(task.memoryBytes)]);
  } catch (error) {
    const failure = toEngineFailure(error, usualFailure(task));
    return { kind: "failed", failure: failure.kind, message: failure.message };
  }
}

/** What an error of DuckDB's means when its text does not tell. */
function usualFailure(task: Task): FailureKind {
  if (task.kind === "query") return "internal";
  return task.kind === "write" && task.rows.kind === "statement" ? "sqlInvalid" : "sourceDataInvalid";
}

async function perform(task: Task): Promise<Reply> {
  switch (task.kind) {
    case "prepareFile":
      return { kind: "prepared", preparation: await prepareFile(task) };
    case "preview":
      return { kind: "previewed", preview: await previewFile(task) };
    case "statistics":
      return { kind: "statistics", cuts: await readStatistics(task) };
    case "extract":
      return { kind: "extracted", extraction: await writeExtract(task) };
    case "query":
      return { kind: "queried", result: await runStatement(task) };
    case "write": {
      // Few tasks write a result, and what they need takes time to load.
      const { writeResult } = await import("../result-file/write-result.ts");
      return { kind: "written", result: await writeResult(task) };
    }
  }
}

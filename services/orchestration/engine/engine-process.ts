import { toEngineFailure } from "./engine-failure.ts";
import { inspectFile } from "./inspect-file.ts";
import type { Reply, Task } from "./protocol.ts";
import { runStatement } from "./run-statement.ts";
import { writeExtract } from "./write-extract.ts";

// The process that does tasks on one source, one at a time. It is a process because DuckDB is native code that reads files of
// strangers, and because some of its functions can't be interrupted: a process can be killed.

/** Without the parent nobody waits for the answer; an exit would wait for DuckDB's threads. */
process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.on("message", async (task: Task) => process.send?.(withoutPaths(await answer(task), task)));

async function answer(task: Task): Promise<Reply> {
  try {
    if (task.kind === "inspect") return { kind: "inspected", inspection: await inspectFile(task) };
    if (task.kind === "extract") return { kind: "extracted", extraction: await writeExtract(task) };
    return { kind: "queried", result: await runStatement(task) };
  } catch (error) {
    const failure = toEngineFailure(error, task.kind === "query" ? "internal" : "sourceDataInvalid");
    return { kind: "failed", failure: failure.kind, message: failure.message };
  }
}

/** Paths of the server are nobody's business: the file goes by its name. */
function withoutPaths(reply: Reply, { path, fileName, spillDirectory }: Task): Reply {
  if (reply.kind !== "failed") return reply;
  const message = reply.message.replaceAll(path, fileName).replaceAll(spillDirectory, "the spill folder");
  return { ...reply, message };
}

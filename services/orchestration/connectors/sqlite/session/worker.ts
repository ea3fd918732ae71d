import { parentPort, workerData } from "node:worker_threads";
import { toSentFailure } from "../../../source-process/sent-failure.ts";
import { openDatabase } from "../database/open-database.ts";
import { createSessionOperations } from "./operations.ts";
import type { FromWorker, ToWorker, WorkerInput } from "./protocol.ts";

const { path, walPath, columnTypes, stopped } = workerData as WorkerInput;
let currentId = 0;

/** Opened by the first call, which reports a failure. */
const operations = openDatabase({ path, walPath }, () => Atomics.load(stopped, 0) === currentId).then(
  (database) => createSessionOperations(database, columnTypes),
);
operations.catch(() => {});

async function answer({ id, name, args }: ToWorker): Promise<FromWorker> {
  try {
    const session = await operations;
    const operation = session[name as keyof typeof session] as (...args: readonly unknown[]) => unknown;
    currentId = id;
    return { id, result: operation(...args) };
  } catch (error) {
    return { id, failure: toSentFailure(error) };
  }
}

parentPort?.on("message", async (call: ToWorker) => parentPort?.postMessage(await answer(call)));

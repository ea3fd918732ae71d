import { collectRows } from "../collect-rows.ts";
import type { FilePreview, Task } from "../protocol.ts";
import { openSandbox } from "../sandbox.ts";
import { identifier } from "../sql-text.ts";
import { openReadable } from "./open-readable.ts";

/** Finds out how a file is read, and reads its first rows so. */
export async function previewFile(task: Task & { kind: "preview" }): Promise<FilePreview> {
  const readable = await openReadable(task);
  const { path, spillDirectory, memoryBytes, maxRows } = task;
  const bounds = { path, paths: readable.paths, spillDirectory, memoryBytes };
  const connection = await openSandbox(bounds, async () => {});
  try {
    const list = readable.columns
      .map(({ name, expression }) => `${expression} AS ${identifier(name)}`)
      .join(", ");
    const result = await connection.stream(`SELECT ${list} FROM ${readable.relation} LIMIT ${maxRows}`);
    const { rows } = await collectRows(result, maxRows);
    const { found, rowCount, problems } = readable;
    const columns = readable.columns.map(({ name, dataType, nullable, form, note }) => ({
      name,
      dataType,
      nullable,
      form,
      note,
    }));
    return { found, columns, rowCount, problems, rows };
  } finally {
    // The process goes on to the next task.
    connection.closeSync();
  }
}

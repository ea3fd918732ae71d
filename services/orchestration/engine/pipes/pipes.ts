import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, realpath, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { newId } from "../../../lib/values/ids.ts";
import { openReader } from "./pipe-ends.ts";
import { keepInput } from "./pipe-input.ts";

/** Named pipes to and from a DuckDB process, which can only open paths. */
export type Pipes = AsyncDisposable & {
  /** Written by the process of a source. */
  readonly inputPath: string;
  readonly outputPath: string;
  readonly output: Socket;
  /**
   * Ends a complete input. Until then its reader waits even when the writer is gone, because the end of the pipe is the only
   * sign of completeness. `reader` settles when the reader is done.
   */
  endInput(reader: Promise<unknown>, signal: AbortSignal): Promise<void>;
  /** Ends the output after the bytes that are still in the pipe. */
  endOutput(): Promise<void>;
};

/** Creates both pipes in a new folder under `directory`. Their contents never reach the disk. */
export async function openPipes(directory: string): Promise<Pipes> {
  await using stack = new AsyncDisposableStack();
  const folder = join(directory, newId());
  await mkdir(folder, { mode: 0o700 });
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // The engine refuses paths with symbolic links.
  const root = await realpath(folder);
  const inputPath = join(root, "input");
  const outputPath = join(root, "output");
  await promisify(execFile)("mkfifo", ["-m", "600", inputPath, outputPath]);
  const input = stack.use(keepInput(inputPath));
  // This write end keeps the output from ending before the writer opens it.
  const heldOpen: FileHandle = await open(outputPath, constants.O_RDWR | constants.O_NONBLOCK);
  stack.defer(() => heldOpen.close());
  const output = openReader(outputPath);
  stack.defer(() => void output.destroy());
  const owned = stack.move();
  return {
    inputPath,
    outputPath,
    output,
    endInput: (reader, signal) => input.end(reader, signal),
    endOutput: () => heldOpen.close(),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

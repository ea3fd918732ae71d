import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, realpath, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { newId } from "../../../lib/values/ids.ts";
import { openReader } from "./pipe-ends.ts";
import { keepInput } from "./pipe-input.ts";

/** Named pipes to and from a process of DuckDB, which can open nothing but paths. */
export type Pipes = AsyncDisposable & {
  /** A source's process writes it. */
  readonly inputPath: string;
  readonly outputPath: string;
  /** Reads the output. */
  readonly output: Socket;
  /**
   * Says that the input is whole: its reader comes to the end. Until then it waits, even when the writer is gone, since
   * the end of a pipe is all that tells what is whole from what broke off. `reader` settles when the reader is done.
   */
  endInput(reader: Promise<unknown>, signal: AbortSignal): Promise<void>;
  /** Says that the output's writer is done: what is still in the pipe is read, then the output ends. */
  endOutput(): Promise<void>;
};

/** Makes a pair of pipes in a folder of their own under `directory`. Nothing of what goes through them is on the disk. */
export async function openPipes(directory: string): Promise<Pipes> {
  await using stack = new AsyncDisposableStack();
  const folder = join(directory, newId());
  await mkdir(folder, { mode: 0o700 });
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // The engine refuses paths that lead through links.
  const root = await realpath(folder);
  const inputPath = join(root, "input");
  const outputPath = join(root, "output");
  await promisify(execFile)("mkfifo", ["-m", "600", inputPath, outputPath]);
  const input = stack.use(keepInput(inputPath));
  // A pipe that nobody has open for writing is at its end: this one keeps the output going before its writer comes.
  const keeper: FileHandle = await open(outputPath, constants.O_RDWR | constants.O_NONBLOCK);
  stack.defer(() => keeper.close());
  const output = openReader(outputPath);
  stack.defer(() => void output.destroy());
  const owned = stack.move();
  return {
    inputPath,
    outputPath,
    output,
    endInput: (reader, signal) => input.end(reader, signal),
    endOutput: () => keeper.close(),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

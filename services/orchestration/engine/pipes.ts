import { execFile } from "node:child_process";
import { constants, openSync } from "node:fs";
import { type FileHandle, mkdir, open, realpath, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { newId } from "../../lib/ids.ts";

/** Named pipes between this process and one of DuckDB, which can open nothing but paths. */
export type Pipes = AsyncDisposable & {
  readonly inputPath: string;
  readonly outputPath: string;
  /** Writes the input; ending it ends the input. */
  readonly input: Socket;
  /** Reads the output. */
  readonly output: Socket;
  /** Says that the output's writer is done: what is still in the pipe is read, then the output ends. */
  endOutput(): Promise<void>;
};

/** Neither end waits for the other one to open: waiting would take a thread of the file system's. */
const { O_RDONLY, O_RDWR, O_NONBLOCK } = constants;

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
  // A pipe that nobody has open for writing is at its end: this one keeps the output going before its writer comes.
  const keeper: FileHandle = await open(outputPath, O_RDWR | O_NONBLOCK);
  stack.defer(() => keeper.close());
  const output = openEnd(outputPath, O_RDONLY, { readable: true, writable: false });
  stack.defer(() => void output.destroy());
  const input = openEnd(inputPath, O_RDWR, { readable: false, writable: true });
  stack.defer(() => void input.destroy());
  const owned = stack.move();
  return {
    inputPath,
    outputPath,
    input,
    output,
    endOutput: () => keeper.close(),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** By the call that answers a bare descriptor: the socket owns it, and a FileHandle would close it as well. */
function openEnd(path: string, flags: number, direction: { readable: boolean; writable: boolean }): Socket {
  const end = new Socket({ fd: openSync(path, flags | O_NONBLOCK), ...direction });
  // Whoever uses it hears of its errors; when nobody does they must not end the process.
  return end.on("error", () => {});
}

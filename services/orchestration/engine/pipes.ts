import { execFile } from "node:child_process";
import { constants, openSync } from "node:fs";
import { type FileHandle, mkdir, open, realpath, rm } from "node:fs/promises";
import { Socket, type SocketConstructorOpts } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { newId } from "../../lib/ids.ts";

/** Named pipes between this process and one of DuckDB, which can open nothing but paths. */
export type Pipes = AsyncDisposable & {
  readonly inputPath: string;
  readonly outputPath: string;
  /** Opens the input to write it, as soon as the other process reads it: what nobody reads would be lost. */
  openInput(signal: AbortSignal): Promise<Socket>;
  /** Reads the output. */
  readonly output: Socket;
  /** Says that the output's writer is done: what is still in the pipe is read, then the output ends. */
  endOutput(): Promise<void>;
};

/** What is kept at an end while the other process does something else, in bytes. */
const bufferBytes = 256 * 1024;

/** How often it is tried whether the input is read now. */
const openInputEveryMs = 5;

/** Opening never waits for the other end: that would take a thread of the file system's. */
const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK } = constants;

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
  const output = socketOn(openEnd(outputPath, O_RDONLY), { readable: true, writable: false });
  stack.defer(() => void output.destroy());
  const owned = stack.move();
  return {
    inputPath,
    outputPath,
    output,
    async openInput(signal) {
      for (;;) {
        const end = openIfRead(inputPath);
        if (end !== undefined) return socketOn(end, { readable: false, writable: true });
        await setTimeout(openInputEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    },
    endOutput: () => keeper.close(),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** By the call that answers a bare descriptor: a socket owns it, and a FileHandle would close it as well. */
const openEnd = (path: string, direction: number): number => openSync(path, direction | O_NONBLOCK);

/** Undefined as long as nobody reads. */
function openIfRead(path: string): number | undefined {
  try {
    return openEnd(path, O_WRONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENXIO") return undefined;
    throw error;
  }
}

function socketOn(fd: number, direction: { readable: boolean; writable: boolean }): Socket {
  const end = new Socket({ fd, highWaterMark: bufferBytes, ...direction } as SocketConstructorOpts);
  // Whoever uses it hears of its errors; when nobody does they must not end the process.
  return end.on("error", () => {});
}

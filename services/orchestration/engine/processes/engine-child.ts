import type { ChildProcess } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import type { Layer } from "../../confinement/layers.ts";
import { startConfined } from "../../confinement/start-confined.ts";
import { takeUserId } from "../../confinement/user-ids.ts";
import { hasEnded, isDead, killChild } from "../../process/child.ts";
import { openMessageChannel } from "../../process/message-channel.ts";
import { type EngineRequest, type Reply, type Task, toReply } from "../protocol.ts";
import { createProcessPriority, nicenessDefault, type ProcessPriority } from "./process-priority.ts";
import { createWorkFolder, type WorkFolder } from "./work-folder.ts";

/** An unexpected end of a process. */
export type Crash = {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Last characters of its standard error, or the protocol violation that it was killed for. */
  readonly stderrTail: string;
  /** Killed by the kernel or an operator, so the task is not to blame. */
  readonly killedExternally: boolean;
};

/** A DuckDB process and its work folder. */
export type EngineChild = {
  readonly pid: number | undefined;
  readonly folder: WorkFolder;
  hasEnded(): boolean;
  readonly priority: ProcessPriority;
  /** Kills the process; its folder stays. */
  kill(): Promise<void>;
  /** Sends a task and waits for the reply or the end of the process. */
  run(task: Task): Promise<Reply | Crash>;
};

export type EngineChildOptions = {
  readonly folderPath: string;
  readonly layers: readonly Layer[];
  readonly memoryBytes: number;
  /** Once a task is long at work; the lowest priority by default. */
  readonly niceness?: number;
  /** Defaults to the program of the engine. */
  readonly program?: URL;
};

const engineProgram = new URL("../tasks/engine-process.ts", import.meta.url);

/** A query reply has up to 3 MiB of rows; a preview lists every column of a file. */
const replyBytesMax = 16 * 1024 * 1024;
const stderrTailCharactersMax = 2000;
const errorCharactersMax = 1024 * 1024;

export function startEngineChild(options: EngineChildOptions): EngineChild {
  const userId = takeUserId();
  const folder = createWorkFolder(options.folderPath, userId);
  const child = startConfined({ program: engineProgram, ...options, directory: folder.path, userId });
  const channel = child.stdio[3] as Duplex;
  let violation = "";
  const killForViolation = (reason: string) => {
    violation = reason;
    child.kill("SIGKILL");
  };
  const stderrTail = keepTail(child.stderr as Readable, () =>
    killForViolation("it writes errors without end"),
  );
  let onReply: (reply: Reply) => void = refuseReply;
  const messages = openMessageChannel(channel, replyBytesMax, (message) => onReply(toReply(message)));
  // A process that breaks the channel can't be used any more.
  channel.on("error", (error) => {
    // A socket error means that the process ended, and its exit has the cause.
    if ("code" in error) child.kill("SIGKILL");
    else killForViolation(`it sent what is no reply: ${error.message}`);
  });
  messages.send({ kind: "prepare", memoryBytes: options.memoryBytes } satisfies EngineRequest);
  unref(child);
  return {
    pid: child.pid,
    folder,
    hasEnded: () => isDead(child),
    priority: createProcessPriority(child.pid, options.niceness ?? nicenessDefault),
    async run(task) {
      const { promise, resolve } = Promise.withResolvers<Reply | Crash>();
      const end = () => {
        const { exitCode, signalCode: signal } = child;
        const killedExternally = signal === "SIGKILL" && violation === "";
        resolve({ exitCode, signal, stderrTail: cut(violation || stderrTail()), killedExternally });
      };
      onReply = (reply) => {
        onReply = refuseReply;
        resolve(reply);
      };
      ref(child);
      child.once("close", end).once("error", end);
      try {
        if (hasEnded(child)) end();
        else messages.send(task);
        return await promise;
      } finally {
        child.off("close", end).off("error", end);
        unref(child);
      }
    },
    async kill() {
      await killChild(child);
      channel.destroy();
    },
  };
}

/** Unsolicited replies are refused, since a process that keeps sending would keep the service busy. */
function refuseReply(): never {
  throw new Error("there is no task that it answers");
}

const cut = (text: string): string => text.slice(0, stderrTailCharactersMax);

/** Keeps the last characters of a stream; `onTooMuch` is called beyond the limit. */
function keepTail(stream: Readable, onTooMuch: () => void): () => string {
  let tail = "";
  let characters = 0;
  stream.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-stderrTailCharactersMax);
    characters += text.length;
    if (characters > errorCharactersMax) onTooMuch();
  });
  return () => tail.trim();
}

type Referable = { ref?(): void; unref?(): void };

const handlesOf = (child: ChildProcess) => [child, ...child.stdio] as (Referable | null)[];

/** An idle child does not keep this process alive. */
function unref(child: ChildProcess): void {
  for (const handle of handlesOf(child)) handle?.unref?.();
}

function ref(child: ChildProcess): void {
  for (const handle of handlesOf(child)) handle?.ref?.();
}

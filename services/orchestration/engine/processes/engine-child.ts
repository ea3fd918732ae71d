import type { ChildProcess } from "node:child_process";
import type { Duplex, Readable } from "node:stream";
import type { Layer } from "../../confinement/layers.ts";
import { startConfined } from "../../confinement/start-confined.ts";
import { takeUserId } from "../../confinement/user-ids.ts";
import { hasEnded, isDead, killChild } from "../../process/child.ts";
import { openMessageChannel } from "../../process/message-channel.ts";
import { createProcessPriority, type ProcessPriority } from "./process-priority.ts";
import { type Order, type Reply, type Task, toReply } from "../protocol.ts";
import { createWorkFolder, type WorkFolder } from "./work-folder.ts";

/** How a process ended that nobody told to end. */
export type Crash = {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote to its standard error. */
  readonly complaint: string;
  /** Killed by the system, which may be short of memory, or by somebody: its task is not to blame. */
  readonly endedByOthers: boolean;
};

/** One process with DuckDB in it, and its own folder. */
export type EngineChild = {
  readonly pid: number | undefined;
  readonly folder: WorkFolder;
  hasEnded(): boolean;
  readonly priority: ProcessPriority;
  /** Ends the process; its folder stays. */
  kill(): Promise<void>;
  /** Sends a task and waits for its reply, or for the process's end. */
  ask(task: Task): Promise<Reply | Crash>;
};

export type EngineChildOptions = {
  readonly folderPath: string;
  readonly layers: readonly Layer[];
  readonly memoryBytes: number;
  /** The engine's own by default. */
  readonly program?: URL;
};

const engineProgram = new URL("../tasks/engine-process.ts", import.meta.url);

/** An answer has 3 MiB of rows at most, an inspection every column of a file. */
const replyBytesMax = 16 * 1024 * 1024;
const complaintCharactersMax = 2000;
const errorCharactersMax = 1024 * 1024;

export function startEngineChild(options: EngineChildOptions): EngineChild {
  const userId = takeUserId();
  const folder = createWorkFolder(options.folderPath, userId);
  const child = startConfined({ program: engineProgram, ...options, directory: folder.path, userId });
  const channel = child.stdio[3] as Duplex;
  let violation = "";
  const giveUp = (what: string) => {
    violation = what;
    child.kill("SIGKILL");
  };
  const complaint = keepEnd(child.stderr as Readable, () => giveUp("it writes errors without end"));
  let onReply: (reply: Reply) => void = refuseReply;
  const messages = openMessageChannel(channel, replyBytesMax, (message) => onReply(toReply(message)));
  // What breaks the channel is a process that is of no use any more.
  channel.on("error", (error) => {
    // A connection that breaks is the process's end, which has a cause of its own.
    if ("code" in error) child.kill("SIGKILL");
    else giveUp(`it sent what is no reply: ${error.message}`);
  });
  messages.send({ kind: "prepare", memoryBytes: options.memoryBytes } satisfies Order);
  unref(child);
  return {
    pid: child.pid,
    folder,
    hasEnded: () => isDead(child),
    priority: createProcessPriority(child.pid),
    async ask(task) {
      const { promise, resolve } = Promise.withResolvers<Reply | Crash>();
      const end = () => {
        const { exitCode, signalCode: signal } = child;
        const endedByOthers = signal === "SIGKILL" && violation === "";
        resolve({ exitCode, signal, complaint: cut(violation || complaint()), endedByOthers });
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

/** A process that goes on sending would keep this one busy. */
function refuseReply(): never {
  throw new Error("there is no task that it answers");
}

const cut = (text: string): string => text.slice(0, complaintCharactersMax);

/** Reads a stream and answers the last characters of it; who writes without end is given up. */
function keepEnd(stream: Readable, onTooMuch: () => void): () => string {
  let end = "";
  let characters = 0;
  stream.setEncoding("utf8").on("data", (text: string) => {
    end = (end + text).slice(-complaintCharactersMax);
    characters += text.length;
    if (characters > errorCharactersMax) onTooMuch();
  });
  return () => end.trim();
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

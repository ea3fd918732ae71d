import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { LRUCache } from "lru-cache";
import type { MemoryWatch } from "../../engine/memory-watch.ts";
import { hasEnded, killChild, refChild, startChild, unrefChild } from "../../process/child.ts";
import type { Question, StatementFacts } from "./statement-facts.ts";

/** Reads statements, one after the other, in a process of its own. */
export type StatementReader = AsyncDisposable & {
  /** Answers undefined for what can't be read, or not in time; fails when the process can't start, or is stopped. */
  read(question: Question): Promise<StatementFacts | undefined>;
};

const sqlBytesMax = 20_000;
const readMs = 5000;
/** Loading the parser takes about one second of a processor's time. */
const startMs = 30_000;
/** The parser takes 150 MB: when it has nothing to do for so long, it goes. */
const idleMs = 60_000;
/** Questions whose answer is remembered: many statements come again and again, also those that take too long. */
const rememberedMax = 500;

export type StatementReaderOptions = {
  /** Folder for compiled code. */
  readonly compileCache: string;
  readonly memory: MemoryWatch;
};

export function createStatementReader({ compileCache, memory }: StatementReaderOptions): StatementReader {
  const stopped = new AbortController();
  const remembered = new LRUCache<string, { readonly facts: StatementFacts | undefined }>({
    max: rememberedMax,
  });
  let child: Promise<ChildProcess> | undefined;
  let idle: NodeJS.Timeout | undefined;

  async function endChild(): Promise<void> {
    const ended = child;
    child = undefined;
    const started = await ended?.catch(() => undefined);
    if (started) await killChild(started);
  }

  async function start(): Promise<ChildProcess> {
    const starting = startChild(program, compileCache);
    try {
      await answerOf(starting, startMs, stopped.signal);
      return starting;
    } catch (error) {
      await killChild(starting);
      throw error;
    }
  }

  async function startedChild(): Promise<ChildProcess> {
    clearTimeout(idle);
    child ??= start();
    try {
      return await child;
    } catch (error) {
      child = undefined;
      throw error;
    }
  }

  async function ask(asked: ChildProcess, question: Question): Promise<StatementFacts | undefined> {
    using _memory = memory.watch({
      pid: asked.pid ?? 0,
      group: undefined,
      onExcess: () => void killChild(asked),
    });
    try {
      asked.send(question);
      const { facts } = await answerOf<{ facts?: StatementFacts }>(asked, readMs, stopped.signal);
      return facts;
    } catch {
      await endChild();
      stopped.signal.throwIfAborted();
      return undefined;
    } finally {
      idle = setTimeout(endChild, idleMs).unref();
    }
  }

  return {
    async read(question) {
      stopped.signal.throwIfAborted();
      if (Buffer.byteLength(question.sql) > sqlBytesMax) return undefined;
      const key = JSON.stringify(question);
      const known = remembered.get(key);
      if (known) return known.facts;
      const facts = await ask(await startedChild(), question);
      remembered.set(key, { facts });
      return facts;
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      clearTimeout(idle);
      await endChild();
    },
  };
}

const program = new URL("reading-process.ts", import.meta.url);

/** The process's next message. Fails when it ends, or takes too long. */
async function answerOf<T>(child: ChildProcess, timeoutMs: number, stopped: AbortSignal): Promise<T> {
  const ended = new AbortController();
  const end = () => ended.abort(new Error("the process that reads statements ended"));
  const signal = AbortSignal.any([stopped, ended.signal, AbortSignal.timeout(timeoutMs)]);
  child.once("exit", end);
  refChild(child);
  try {
    if (hasEnded(child)) end();
    const [answer] = await once(child, "message", { signal });
    return answer;
  } finally {
    child.off("exit", end);
    unrefChild(child);
  }
}

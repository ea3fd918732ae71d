import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { LRUCache } from "lru-cache";
import type { MemoryWatch } from "../../engine/memory-watch.ts";
import { hasEnded, killChild, refChild, startChild, unrefChild } from "../../process/child.ts";
import type { ParseRequest, StatementFacts } from "./statement-facts.ts";

/** Parses statements one at a time in a child process. */
export type StatementReader = AsyncDisposable & {
  /** Undefined if the statement is too long, not parsed, or not in time. Fails if the process cannot start or is stopped. */
  read(request: ParseRequest): Promise<StatementFacts | undefined>;
};

const sqlBytesMax = 20_000;
const readMs = 5000;
/** Loading the parser takes about one CPU second. */
const startMs = 30_000;
/** The idle process ends after this time, because the parser takes 150 MB. */
const idleMs = 60_000;
/** Size of the cache. Many statements repeat, also those that take too long. */
const cachedMax = 500;

export type StatementReaderOptions = {
  /** Folder for compiled code. */
  readonly compileCache: string;
  readonly memory: MemoryWatch;
};

export function createStatementReader({ compileCache, memory }: StatementReaderOptions): StatementReader {
  const stopped = new AbortController();
  const cache = new LRUCache<string, { readonly facts: StatementFacts | undefined }>({
    max: cachedMax,
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
      await nextMessage(starting, startMs, stopped.signal);
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

  async function parse(parser: ChildProcess, request: ParseRequest): Promise<StatementFacts | undefined> {
    using _memory = memory.watch({
      pid: parser.pid ?? 0,
      group: undefined,
      onExcess: () => void killChild(parser),
    });
    try {
      parser.send(request);
      const { facts } = await nextMessage<{ facts?: StatementFacts }>(parser, readMs, stopped.signal);
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
    async read(request) {
      stopped.signal.throwIfAborted();
      if (Buffer.byteLength(request.sql) > sqlBytesMax) return undefined;
      const key = JSON.stringify(request);
      const known = cache.get(key);
      if (known) return known.facts;
      const facts = await parse(await startedChild(), request);
      cache.set(key, { facts });
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

/** Waits for the process's next message. Fails if the process ends or the time is over. */
async function nextMessage<T>(child: ChildProcess, timeoutMs: number, stopped: AbortSignal): Promise<T> {
  const ended = new AbortController();
  const end = () => ended.abort(new Error("the process that reads statements ended"));
  const signal = AbortSignal.any([stopped, ended.signal, AbortSignal.timeout(timeoutMs)]);
  child.once("exit", end);
  refChild(child);
  try {
    if (hasEnded(child)) end();
    const [message] = await once(child, "message", { signal });
    return message;
  } finally {
    child.off("exit", end);
    unrefChild(child);
  }
}

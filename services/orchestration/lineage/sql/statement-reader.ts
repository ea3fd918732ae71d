import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { LRUCache } from "lru-cache";
import type { Question, StatementFacts } from "./statement-facts.ts";

/** Reads statements, one after the other, on a thread of its own. */
export type StatementReader = AsyncDisposable & {
  /** Answers undefined for what can't be read, or not in time; fails when the thread can't start, or is stopped. */
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

export function createStatementReader(): StatementReader {
  const stopped = new AbortController();
  const remembered = new LRUCache<string, { readonly facts: StatementFacts | undefined }>({
    max: rememberedMax,
  });
  let thread: Promise<Worker> | undefined;
  let idle: NodeJS.Timeout | undefined;

  async function endThread(): Promise<void> {
    const ended = thread;
    thread = undefined;
    const worker = await ended?.catch(() => undefined);
    await worker?.terminate();
  }

  async function startedThread(): Promise<Worker> {
    clearTimeout(idle);
    thread ??= startThread(stopped.signal);
    try {
      return await thread;
    } catch (error) {
      thread = undefined;
      throw error;
    }
  }

  async function ask(worker: Worker, question: Question): Promise<StatementFacts | undefined> {
    try {
      worker.postMessage(question);
      return await answerOf<StatementFacts | undefined>(worker, readMs, stopped.signal);
    } catch {
      await endThread();
      stopped.signal.throwIfAborted();
      return undefined;
    } finally {
      idle = setTimeout(endThread, idleMs).unref();
    }
  }

  return {
    async read(question) {
      stopped.signal.throwIfAborted();
      if (Buffer.byteLength(question.sql) > sqlBytesMax) return undefined;
      const key = JSON.stringify(question);
      const known = remembered.get(key);
      if (known) return known.facts;
      const facts = await ask(await startedThread(), question);
      remembered.set(key, { facts });
      return facts;
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      clearTimeout(idle);
      await endThread();
    },
  };
}

async function startThread(stopped: AbortSignal): Promise<Worker> {
  const worker = new Worker(new URL("reading-thread.ts", import.meta.url));
  // Whoever waits for an answer hears of it; when nobody does, the next one gets none.
  worker.on("error", () => {});
  try {
    await answerOf(worker, startMs, stopped);
    return worker;
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

/** The thread's next message. */
async function answerOf<T>(worker: Worker, timeoutMs: number, stopped: AbortSignal): Promise<T> {
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(timeoutMs)]);
  const [answer] = await once(worker, "message", { signal });
  return answer;
}

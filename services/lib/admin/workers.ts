import cluster, { type Worker } from "node:cluster";

/** Messages between the primary process and its workers, for the admin port. */
type Question = { readonly adminQuestion: number; readonly topic: string };
type Reply = { readonly adminQuestion: number; readonly value: unknown };

/** Worker processes that share this process's port. */
export type Workers = Disposable & {
  /** Whether a worker was ever started. */
  readonly haveBegun: boolean;
  /** Sends a request to each listening worker. The reply is undefined after a timeout. */
  askAll(topic: string, timeoutMs: number): Promise<unknown[]>;
  /** Sends a request to any worker. */
  askOne(topic: string, timeoutMs: number): Promise<unknown>;
};

/** Tracks the listening workers. */
export function watchWorkers(): Workers {
  const listening = new Set<Worker>();
  const waiting = new Map<number, (value: unknown) => void>();
  let haveBegun = false;
  let last = 0;
  const begin = () => {
    haveBegun = true;
  };
  const enter = (worker: Worker) => listening.add(worker);
  const leave = (worker: Worker) => listening.delete(worker);
  const hear = (_: Worker, reply: unknown) => {
    if (isOurs<Reply>(reply)) waiting.get(reply.adminQuestion)?.(reply.value);
  };
  cluster.on("fork", begin).on("listening", enter).on("exit", leave).on("message", hear);
  const ask = async (worker: Worker | undefined, topic: string, timeoutMs: number): Promise<unknown> => {
    if (!worker) return undefined;
    last += 1;
    const adminQuestion = last;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    waiting.set(adminQuestion, resolve);
    const timer = setTimeout(resolve, timeoutMs, undefined);
    worker.send({ adminQuestion, topic } satisfies Question, (error) => {
      if (error) resolve(undefined);
    });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(adminQuestion);
    }
  };
  return {
    get haveBegun() {
      return haveBegun;
    },
    askAll: (topic, timeoutMs) => Promise.all([...listening].map((worker) => ask(worker, topic, timeoutMs))),
    askOne: (topic, timeoutMs) => ask([...listening][0], topic, timeoutMs),
    [Symbol.dispose]() {
      cluster.off("fork", begin).off("listening", enter).off("exit", leave).off("message", hear);
    },
  };
}

/** Replies to the questions of the primary process, until disposed. */
export function replyToPrimary(replyTo: (topic: string) => Promise<unknown>): Disposable {
  const hear = async (asked: unknown) => {
    if (!isOurs<Question>(asked)) return;
    const { adminQuestion, topic } = asked;
    const value = await replyTo(topic).catch(() => undefined);
    process.send?.({ adminQuestion, value } satisfies Reply, undefined, undefined, () => undefined);
  };
  process.on("message", hear);
  return { [Symbol.dispose]: () => void process.off("message", hear) };
}

const isOurs = <T extends Question | Reply>(message: unknown): message is T =>
  typeof message === "object" && message !== null && "adminQuestion" in message;

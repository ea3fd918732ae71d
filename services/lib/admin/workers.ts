import cluster, { type Worker } from "node:cluster";

/** What a process and its workers say to each other for the admin port. */
type Question = { readonly adminQuestion: number; readonly topic: string };
type Answer = { readonly adminQuestion: number; readonly value: unknown };

/** The processes that share this one's port, which do what it is asked to. */
export type Workers = Disposable & {
  /** Whether there is any, or was. */
  readonly haveBegun: boolean;
  /** Asks each that takes calls; undefined from one that does not answer in time. */
  askAll(topic: string, timeoutMs: number): Promise<unknown[]>;
  /** Asks one. */
  askOne(topic: string, timeoutMs: number): Promise<unknown>;
};

/** Notes which workers take calls, and asks them. */
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
  const hear = (_: Worker, answer: unknown) => {
    if (isOurs<Answer>(answer)) waiting.get(answer.adminQuestion)?.(answer.value);
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

/** Answers the process whose worker this one is. */
export function answerPrimary(answerTo: (topic: string) => Promise<unknown>): Disposable {
  const hear = async (asked: unknown) => {
    if (!isOurs<Question>(asked)) return;
    const { adminQuestion, topic } = asked;
    const value = await answerTo(topic).catch(() => undefined);
    process.send?.({ adminQuestion, value } satisfies Answer, undefined, undefined, () => undefined);
  };
  process.on("message", hear);
  return { [Symbol.dispose]: () => void process.off("message", hear) };
}

const isOurs = <T extends Question | Answer>(message: unknown): message is T =>
  typeof message === "object" && message !== null && "adminQuestion" in message;

import { http1 } from "../edge/lib/raw-http.ts";

type Call = { readonly path: string; readonly headers?: Record<string, string> };

/** An answer, and when its request was sent, in milliseconds since the epoch. */
type Answered = { readonly sentMs: number; readonly status: number; readonly body: string };

export type Load = AsyncDisposable & {
  /** Without the bodies, which would take gigabytes in a minute. */
  readonly answers: readonly Omit<Answered, "body">[];
  /** Resolves with the next answer of a status to a request that is sent from now on, or later than a time. */
  next(status: number, afterMs?: number): Promise<Answered>;
};

/** Sends requests without a pause, some at the same time, until disposed. */
export function startLoad(port: number, { path, headers = {} }: Call, atOnce = 4): Load {
  const answers: Omit<Answered, "body">[] = [];
  const waiting = new Set<(answer: Answered) => void>();
  let isOver = false;
  const send = async () => {
    while (!isOver) {
      const sentMs = Date.now();
      const { status, body } = await http1(port, path, { headers });
      answers.push({ sentMs, status });
      for (const check of waiting) check({ sentMs, status, body });
    }
  };
  const ended = Promise.all(Array.from({ length: atOnce }, send));
  return {
    answers,
    next: (status, afterMs = Date.now()) =>
      new Promise((resolve) => {
        const check = (answer: Answered) => {
          if (answer.status !== status || answer.sentMs < afterMs) return;
          waiting.delete(check);
          resolve(answer);
        };
        waiting.add(check);
      }),
    async [Symbol.asyncDispose]() {
      isOver = true;
      await ended;
    },
  };
}

import { randomUUID } from "node:crypto";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { type Ask, isOpen, type Standing, type Turn } from "./limit.ts";
import { type Limiter, type Verdict, verdictOf } from "./limiter.ts";
import { createLocalLimiter } from "./local-limiter.ts";
import { createPlaces } from "./places.ts";
import type { OpenStore, Store } from "./store.ts";
import { connectStore } from "./store-connection.ts";
import { within } from "./within.ts";

/** How long what takes, in milliseconds. */
type Times = {
  /** A call waits for the store. Then this process decides by what it has counted itself. */
  readonly waitMs: number;
  /** Places stay taken when the process that has them is not heard of any more. */
  readonly holdMs: number;
  /** The store hears of places that are held as often. */
  readonly beatMs: number;
};
const usualTimes: Times = { waitMs: 50, holdMs: 15_000, beatMs: 5_000 };
/** How long an answer may take until the connection is given up, in milliseconds. */
const answerMs = 2_000;
/** How long a start waits for the store, in milliseconds. */
const startMs = 2_000;
/** Turns and charges of one batch. */
const turnsMax = 500;

type Waiting = { readonly turn: Turn; readonly resolve: (verdict: Verdict) => void };

/**
 * Counts in a store what several processes are asked. One batch is on its way at a time, and what is asked meanwhile goes
 * into the next: the store has as little to do as its answers are slow. While it does not answer, the same limits hold
 * in each process for itself.
 */
export async function createSharedLimiter(
  open: OpenStore,
  log: Logger,
  times: Partial<Times> = {},
): Promise<Limiter> {
  const { waitMs, holdMs, beatMs } = { ...usualTimes, ...times };
  const holder = randomUUID();
  const local = createLocalLimiter();
  const places = createPlaces();
  const queue: Waiting[] = [];
  const charges: Ask[] = [];
  let sending = false;
  let sent = Promise.resolve();
  let isLate = false;

  const countHere = (waiting: Waiting[]) => {
    for (const { turn, resolve } of waiting.splice(0)) resolve(local.take(turn) as Verdict);
  };
  const give = (key: string) => {
    places.give(key);
    void send();
  };
  const answer = ({ turn, resolve }: Waiting, standings: readonly Standing[]) => {
    const isGranted = standings.every(isOpen);
    if (isGranted) for (const { key } of turn) places.take(key);
    resolve(verdictOf(turn, standings, isGranted, give));
  };
  const sendOne = async (store: Store): Promise<void> => {
    const waiting = queue.splice(0, turnsMax);
    const turns = waiting.map(({ turn }) => turn);
    const batch = { holder, holdMs, held: places.changes(), charges: charges.splice(0, turnsMax), turns };
    const late = afterPause(waitMs, () => {
      isLate = true;
      countHere(waiting);
      countHere(queue);
    });
    // Places that were given to calls which waited no longer, or that the store may have lost.
    const repair = () => places.tellAgain(turns.flatMap((turn) => turn.map(({ key }) => key)));
    try {
      const standings = await within(answerMs, store.apply(batch));
      if (standings.length !== turns.length) throw new Error("an answer has too few standings");
      if (isLate) repair();
      for (const [at, one] of waiting.entries()) answer(one, standings[at] as Standing[]);
    } catch (error) {
      repair();
      places.tellAgain(batch.held.map(({ key }) => key));
      connection.lose(error);
      countHere(waiting);
    } finally {
      late[Symbol.dispose]();
      isLate = false;
    }
  };
  const hasWork = () => queue.length > 0 || charges.length > 0 || places.hasChanges;
  const sendAll = async (): Promise<void> => {
    sending = true;
    for (let store = connection.current(); store && hasWork(); store = connection.current()) {
      await sendOne(store);
    }
    countHere(queue);
    sending = false;
  };
  const send = (): Promise<void> => {
    if (!sending) sent = sendAll();
    return sent;
  };

  const connection = connectStore(open, log, () => {
    places.tellAgain();
    void send();
  });
  const beat = setInterval(() => {
    places.tellAgain();
    void send();
  }, beatMs).unref();
  await within(startMs, connection.tried).catch(() => undefined);
  return {
    take(turn) {
      if (isLate || !connection.current()) return local.take(turn);
      return new Promise((resolve) => {
        queue.push({ turn, resolve });
        void send();
      });
    },
    charge(ask) {
      if (isLate || !connection.current()) return local.charge(ask);
      charges.push(ask);
      void send();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(beat);
      // What the last calls gave back is free for others at once.
      await send();
      await connection[Symbol.asyncDispose]();
    },
  };
}

/** Does it when the time is over, unless disposed. What had come by then is read first: it was not late, this process was. */
function afterPause(ms: number, work: () => void): Disposable {
  let soon: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    soon = setImmediate(work);
  }, ms);
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      clearImmediate(soon);
    },
  };
}

import { setTimeout as sleep } from "node:timers/promises";
import type postgres from "postgres";

/** Polling interval for a statement that has not started, or was not stopped during its preparation. */
const lookMs = 25;
/** Timeout of a cancellation request. */
const requestMs = 1000;

/** Fields of postgres.js 3.4's queries that its types leave out. */
type Statement = {
  /** The server runs it. */
  readonly active: boolean;
  /** The server prepares it, which may wait for locks, too. */
  readonly describeFirst?: boolean;
  canceller(statement: Statement): Promise<void>;
};

/**
 * Cancels a statement in the server as soon as it has started there. Resolves when the server has received the request
 * or can't be reached, or when the statement has ended. Never rejects.
 *
 * `query.cancel()` has two faults. It ends the process when the server can't be reached. And it forgets a statement that
 * has not started but is already on the connection: the next statement gets its rows, or the connection is never reused.
 */
export async function cancelStatement(
  query: Pick<postgres.PendingQuery<postgres.Row[]>, "cancel">,
  hasEnded: () => boolean,
): Promise<void> {
  const statement = query as unknown as Statement;
  let sentDuringPreparation = false;
  while (!hasEnded()) {
    const { active, describeFirst = false } = statement;
    if (active && !(describeFirst && sentDuringPreparation)) {
      await sendCancellation(statement);
      // The server drops a cancellation that arrives between preparation and execution: it is sent again.
      if (!describeFirst) return;
      sentDuringPreparation = true;
    }
    await sleep(lookMs);
  }
}

async function sendCancellation(statement: Statement): Promise<void> {
  const sent = statement.canceller(statement).catch(() => {
    // The server is gone, and the statement with it.
  });
  await Promise.race([sent, sleep(requestMs, undefined, { ref: false })]);
}

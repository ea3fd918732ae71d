import { setTimeout as sleep } from "node:timers/promises";
import type postgres from "postgres";

/** How often a statement is looked at again that has not begun, or was not stopped while it was prepared. */
const lookMs = 25;
/** How long a server may take to hear a cancellation. */
const hearMs = 1000;

/** What postgres.js 3.4 knows of a statement and leaves out of its types. */
type Statement = {
  /** The server is at it. */
  readonly active: boolean;
  /** The server only prepares it yet, which may wait for locks, too. */
  readonly describeFirst?: boolean;
  canceller(statement: Statement): Promise<void>;
};

/**
 * Cancels a statement in the server as soon as it begins there. Resolves when the server has heard it, or will not, or
 * when the statement has ended by itself; never rejects.
 *
 * `query.cancel()` will not do. It ends the process when the server cannot be reached. A statement that has not begun
 * is left out of the driver's book-keeping but not of its connection: the next one gets its rows, or the connection is
 * never used again.
 */
export async function cancelStatement(
  query: Pick<postgres.PendingQuery<postgres.Row[]>, "cancel">,
  hasEnded: () => boolean,
): Promise<void> {
  const statement = query as unknown as Statement;
  let toldWhilePrepared = false;
  while (!hasEnded()) {
    const { active, describeFirst = false } = statement;
    if (active && !(describeFirst && toldWhilePrepared)) {
      await tell(statement);
      // The server forgets what it hears between the preparation and the run: then it has to be told again.
      if (!describeFirst) return;
      toldWhilePrepared = true;
    }
    await sleep(lookMs);
  }
}

async function tell(statement: Statement): Promise<void> {
  const told = statement.canceller(statement).catch(() => {
    // The server is gone, and the statement with it.
  });
  await Promise.race([told, sleep(hearMs, undefined, { ref: false })]);
}

import { createHash } from "node:crypto";
import { type Clock, systemClock } from "../../timing/clock.ts";

/**
 * Idle connections to one source. One whose login, address or security differs from the target's is closed: a secret or the
 * settings have changed.
 */
export type ConnectionPool<C, T> = {
  /** Prefers waiting for a connection that is being reset over a new login. */
  take(target: T): Promise<C | undefined>;
  /** Resets a connection and keeps it, or closes it. */
  giveBack(connection: C, target: T): void;
};

/** What a pool has to know of a kind of connections. */
type PooledKind<C, T> = {
  /** Everything that a connection was opened with, except the address. */
  loginOf(target: T): unknown;
  /** Whether the connection is open, and its address one of those that were checked for this target. */
  isUsable(connection: C, target: T): boolean;
  /** Ends all that a session has left in the connection. */
  reset(connection: C): Promise<void>;
  /** Wakes a connection that was idle. */
  restart(connection: C): void;
  /** Cuts a connection that does not respond. */
  cut(connection: C): void;
  close(connection: C): void;
};

/** Maximum of idle connections: each is a process or a thread of the server. */
const idleMax = 4;
/** Idle timeout and maximum age, in milliseconds. The age is bounded because the login may lose its rights. */
const idleMs = 30_000;
const ageMs = 5 * 60_000;
/** Timeout of a reset, in milliseconds. */
const resetTimeoutMs = 3000;

type Idle<C> = { readonly connection: C; readonly key: string; readonly cancel: () => void };

export function createConnectionPool<C extends object, T>(
  kind: PooledKind<C, T>,
  clock: Clock = systemClock,
): ConnectionPool<C, T> {
  const openedMs = new WeakMap<C, number>();
  let idle: Idle<C>[] = [];
  const resetting = new Set<{ readonly key: string; readonly done: Promise<void> }>();

  function close(one: Idle<C>): void {
    one.cancel();
    idle = idle.filter((other) => other !== one);
    kind.close(one.connection);
  }

  function keep(connection: C, key: string): void {
    const cancel = clock.after(idleMs, () => close(one));
    const one: Idle<C> = { connection, key, cancel };
    idle.push(one);
    const [oldest] = idle;
    if (idle.length > idleMax && oldest) close(oldest);
  }

  async function reset(connection: C): Promise<void> {
    const cancel = clock.after(resetTimeoutMs, () => kind.cut(connection));
    try {
      await kind.reset(connection);
    } finally {
      cancel();
    }
  }

  function takeIdle(target: T, key: string): C | undefined {
    for (const one of idle.toReversed()) {
      if (one.key !== key || !kind.isUsable(one.connection, target)) {
        close(one);
        continue;
      }
      one.cancel();
      idle = idle.filter((other) => other !== one);
      kind.restart(one.connection);
      return one.connection;
    }
    return undefined;
  }

  /** A hash, because a login has a password. */
  const keyOf = (target: T): string =>
    createHash("sha256")
      .update(JSON.stringify(kind.loginOf(target)))
      .digest("hex");

  return {
    async take(target) {
      const key = keyOf(target);
      for (;;) {
        const found = takeIdle(target, key);
        if (found) return found;
        const soon = [...resetting].filter((one) => one.key === key);
        if (soon.length === 0) return undefined;
        await Promise.race(soon.map(({ done }) => done));
      }
    },
    giveBack(connection, target) {
      const bornMs = openedMs.get(connection) ?? clock.now();
      openedMs.set(connection, bornMs);
      const end = () => kind.close(connection);
      if (clock.now() - bornMs > ageMs) return end();
      const key = keyOf(target);
      const done = reset(connection)
        .then(() => keep(connection, key), end)
        .finally(() => resetting.delete(one));
      const one = { key, done };
      resetting.add(one);
    },
  };
}

import { createHash } from "node:crypto";
import { type Clock, systemClock } from "../../../timing/clock.ts";
import type { Target } from "../target/target.ts";
import type { Connection } from "../wire/open-connection.ts";

/**
 * Idle connections to one source. One whose login, address or security differs from the target's is closed: a secret or the
 * settings have changed.
 */
export type SessionPool = {
  /** Prefers waiting for a connection that is being reset over a new login. */
  take(target: Target): Promise<Connection | undefined>;
  /** Resets a connection and keeps it, or closes it. */
  giveBack(connection: Connection, target: Target): void;
};

/** Maximum of idle connections: each is a process of the server. */
const idleMax = 4;
/** Idle timeout and maximum age, in milliseconds. The age is bounded because the role may lose its rights. */
const idleMs = 30_000;
const ageMs = 5 * 60_000;
/** Timeout of a reset, in milliseconds. */
const resetTimeoutMs = 3000;

type Idle = { readonly connection: Connection; readonly key: string; readonly cancel: () => void };

export function createSessionPool(clock: Clock = systemClock): SessionPool {
  const openedMs = new WeakMap<Connection, number>();
  let idle: Idle[] = [];
  const resetting = new Set<{ readonly key: string; readonly done: Promise<void> }>();

  function close(one: Idle): void {
    one.cancel();
    idle = idle.filter((other) => other !== one);
    void one.connection[Symbol.asyncDispose]();
  }

  function keep(connection: Connection, key: string): void {
    const cancel = clock.after(idleMs, () => close(one));
    const one: Idle = { connection, key, cancel };
    idle.push(one);
    const [oldest] = idle;
    if (idle.length > idleMax && oldest) close(oldest);
  }

  async function reset(connection: Connection): Promise<void> {
    const { sql, guarded, rules } = connection;
    const cancel = clock.after(resetTimeoutMs, () => guarded.socket.destroy());
    try {
      await sql.unsafe("rollback");
      await sql.unsafe("discard all");
      rules.rest();
    } finally {
      cancel();
    }
  }

  function takeIdle(target: Target, key: string): Connection | undefined {
    for (const one of idle.toReversed()) {
      if (one.key !== key || !isUsable(one.connection, target)) {
        close(one);
        continue;
      }
      one.cancel();
      idle = idle.filter((other) => other !== one);
      one.connection.isWarm = true;
      one.connection.rules.restart();
      return one.connection;
    }
    return undefined;
  }

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
      const end = () => void connection[Symbol.asyncDispose]();
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

/** Hash of everything that a connection was opened with, except the address. It covers a password, so it is a hash. */
function keyOf({ settings, password, route: { security }, ownDatabase }: Target): string {
  return createHash("sha256")
    .update(JSON.stringify([settings, password, security, ownDatabase]))
    .digest("hex");
}

/** Compares with the addresses that were resolved and checked for this statement. */
function isUsable({ opened: { raw, socket } }: Connection, { route: { addresses } }: Target): boolean {
  return !raw.destroyed && socket.readable && addresses.includes(raw.remoteAddress ?? "");
}

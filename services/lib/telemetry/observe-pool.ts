import { isMeasuring } from "./metrics.ts";
import { type EndStatement, observeStatement } from "./observe-statement.ts";
import { addPool } from "./pool-metrics.ts";

/** Observes one service's database pool. */
export type PoolObserver = Disposable & {
  /** Starts observing a statement. The returned function, if any, ends it. */
  statement(text: string, inTransaction: boolean): EndStatement | undefined;
  /** Starts observing a transaction, which holds a connection. */
  transaction(): (() => void) | undefined;
};

/** `name` distinguishes several pools of a service. Counts running statements, since the driver exposes no pool statistics. Those beyond the pool size are waiting. */
export function observePool(service: string, connectionsMax: number, name = "service"): PoolObserver {
  let wanted = 0;
  const pool = addPool({ service, pool: name }, () => ({
    max: connectionsMax,
    used: Math.min(wanted, connectionsMax),
    waiting: Math.max(0, wanted - connectionsMax),
  }));
  const want = (): (() => void) => {
    wanted += 1;
    return () => {
      wanted -= 1;
    };
  };
  return {
    statement(text, inTransaction) {
      const endSpan = observeStatement(service, text);
      const release = isMeasuring() && !inTransaction ? want() : undefined;
      if (!endSpan && !release) return undefined;
      return (error) => {
        endSpan?.(error);
        release?.();
      };
    },
    transaction: () => (isMeasuring() ? want() : undefined),
    [Symbol.dispose]: () => pool[Symbol.dispose](),
  };
}

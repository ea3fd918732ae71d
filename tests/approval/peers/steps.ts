import type { DescService } from "@bufbuild/protobuf";
import type { ConnectError, ServiceImpl } from "@connectrpc/connect";
import { type GuardedService, guard } from "../../../services/lib/rpc/guard.ts";

/** Calls from approval to other services. */
export type Rpc =
  | "getPrincipal"
  | "getSource"
  | "testConnection"
  | "listTables"
  | "createJob"
  | "watchJob"
  | "getManifest"
  | "keepJob"
  | "dropJob"
  | "publishRelease"
  | "holdPackageFiles"
  | "releasePackageFiles"
  | "recordLineage";

/** Before the effect of a call, or after it and before the response. */
export type Moment = "before" | "after";

export type Steps = {
  /** Calls so far, in their order. */
  calls: Rpc[];
  /** Holds the next such call at that moment. */
  hold(rpc: Rpc, moment: Moment): { reached: Promise<void>; letGo(): void };
  /** Fails all such calls until it is reset. */
  fail(rpc: Rpc, error: () => ConnectError): void;
  mend(rpc: Rpc): void;
  /** Runs a call with the test's hooks before and after it. */
  take<T>(rpc: Rpc, effect: () => T | Promise<T>): Promise<T>;
};

/** Lets a test hold, fail and count calls from approval. */
export function createSteps(): Steps {
  const calls: Rpc[] = [];
  const held = new Map<string, { reach(): void; open: Promise<void> }>();
  const failures = new Map<Rpc, () => ConnectError>();
  const pass = async (rpc: Rpc, moment: Moment) => {
    const gate = held.get(`${rpc} ${moment}`);
    held.delete(`${rpc} ${moment}`);
    gate?.reach();
    await gate?.open;
  };
  return {
    calls,
    hold(rpc, moment) {
      const reached = Promise.withResolvers<void>();
      const open = Promise.withResolvers<void>();
      held.set(`${rpc} ${moment}`, { reach: reached.resolve, open: open.promise });
      return { reached: reached.promise, letGo: open.resolve };
    },
    fail: (rpc, error) => void failures.set(rpc, error),
    mend: (rpc) => void failures.delete(rpc),
    async take(rpc, effect) {
      calls.push(rpc);
      await pass(rpc, "before");
      const failing = failures.get(rpc);
      if (failing) throw failing();
      const answer = await effect();
      await pass(rpc, "after");
      return answer;
    },
  };
}

/** A service that implements only these methods. */
export const guardPart = <S extends DescService>(
  service: S,
  methods: Partial<ServiceImpl<S>>,
): GuardedService => guard(service, methods as ServiceImpl<S>);

import { AuditMethod, AuditOutcome } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import { currentOrigin, type Origin } from "../../lib/audit/new-event.ts";
import type { Db } from "../../lib/database/database.ts";
import { runPeriodically } from "../../lib/process/run-periodically.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { recordEvent } from "./record-event.ts";

/** A refused login of an account that exists. */
type Refusal = {
  readonly orgId: string;
  readonly userId: string;
  readonly method: AuditMethod;
  /** The key that was refused. */
  readonly apiKeyId?: string | null;
};

/** Refusals of one account from one address within a minute. */
type Repeated = {
  readonly refusal: Refusal;
  readonly endMs: number;
  origin: Origin;
  /** Refusals that no event has counted yet. */
  count: number;
  /** Whether an event has recorded the first one. */
  begun: boolean;
};

export type Refusals = AsyncDisposable & {
  /** Notes a refusal of the current call. It takes no time, so that the response does not reveal the account. */
  note(refusal: Refusal): void;
  /** Records what is due. Disposal records the rest. */
  recordDue(): Promise<void>;
  /** Records what is due, every second until `stop` aborts. */
  record(stop: AbortSignal): Promise<void>;
};

const windowMs = 60_000;
const pauseMs = 1_000;
/** Pairs of account and address that an organisation's events tell apart within a minute. */
const pairsOfOrgMax = 60;

/**
 * Refused logins, on the way into the audit log. A minute's refusals of one account from one address are two events: the
 * first one, and the number of the others. Beyond `pairsOfOrgMax` pairs, the rest of an organisation's is counted as
 * one. So an attacker can't fill the table.
 */
export function createRefusals({ db, log }: { db: Db; log: Logger }, now: () => number = Date.now): Refusals {
  const repeated = new Map<string, Repeated>();
  const pairs = new Map<string, number>();

  const begin = (key: string, refusal: Refusal): Repeated => {
    const begun = { refusal, endMs: now() + windowMs, origin: currentOrigin(), count: 0, begun: false };
    repeated.set(key, begun);
    pairs.set(refusal.orgId, (pairs.get(refusal.orgId) ?? 0) + 1);
    return begun;
  };

  const end = (key: string, { orgId }: Refusal): void => {
    repeated.delete(key);
    const left = (pairs.get(orgId) ?? 1) - 1;
    if (left === 0) pairs.delete(orgId);
    else pairs.set(orgId, left);
  };

  const recordThose = async (isDue: (one: Repeated) => boolean): Promise<void> => {
    for (const [key, one] of repeated) {
      if (one.count > 0 && (!one.begun || isDue(one))) await recordRepeated(db, one);
      if (one.count === 0 && isDue(one)) end(key, one.refusal);
    }
  };

  const recordDue = () => recordThose(({ endMs }) => endMs <= now());

  return {
    recordDue,
    note(refusal) {
      const isFull = (pairs.get(refusal.orgId) ?? 0) >= pairsOfOrgMax;
      const key = keyOf(refusal, currentOrigin());
      const rest = { orgId: refusal.orgId, userId: "", method: AuditMethod.UNSPECIFIED };
      const one =
        repeated.get(key) ??
        (isFull ? (repeated.get(rest.orgId) ?? begin(rest.orgId, rest)) : begin(key, refusal));
      one.count += 1;
      if (one.refusal.userId) one.origin = currentOrigin();
    },
    async record(stop) {
      const failureText = "refused logins could not be recorded; the next round tries again";
      await runPeriodically({ pauseMs, stop, log, failureText }, recordDue);
    },
    async [Symbol.asyncDispose]() {
      try {
        await recordThose(() => true);
      } catch (error) {
        log.warn({ err: error }, "refused logins of the last minute could not be recorded");
      }
    },
  };
}

const keyOf = ({ orgId, userId, apiKeyId, method }: Refusal, { clientAddress }: Origin): string =>
  JSON.stringify([orgId, userId, apiKeyId, method, clientAddress]);

async function recordRepeated(db: Db, one: Repeated): Promise<void> {
  const { count, refusal, origin } = one;
  const { orgId, userId, apiKeyId, method } = refusal;
  await db.transaction((tx) =>
    recordEvent(
      tx,
      { orgId },
      {
        kind: "login",
        outcome: AuditOutcome.REFUSED,
        method,
        resource: userId && `users/${userId}`,
        details: { count, ...(apiKeyId && { apiKeyId }) },
        origin: userId ? origin : { requestId: "", clientAddress: "" },
      },
    ),
  );
  // Others may have been counted meanwhile.
  one.count -= count;
  one.begun = true;
}

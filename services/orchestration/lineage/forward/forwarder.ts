import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "../../../lib/database/database.ts";
import { defaultNamespace } from "../../../lib/database/scope.ts";
import { outsideCalls } from "../../../lib/rpc/call.ts";
import type { Logger } from "../../../lib/telemetry/log.ts";
import type { AddressGuard } from "../../connectors/network/address-guard.ts";
import type { Lineage } from "../lineage.ts";
import {
  countUnsent,
  deleteSent,
  holdReceiver,
  insertOutbox,
  listDue,
  type OutboxRow,
  postpone,
} from "./outbox-repository.ts";
import type { Receiver } from "./receiver.ts";
import { runEvent } from "./run-event.ts";
import { sendEvent } from "./send-event.ts";

/** Events that wait for one receiver. More are not queued for it. */
const unsentMax = 100_000;
const batchEvents = 20;
const pauseMs = 1000;
/** Longer than a batch takes, so that one process sends at a time. */
const leaseMs = 300_000;
const retryMsMin = 1000;
const retryMsMax = 300_000;
/** Age at which an event is given up. */
const retriedMs = 24 * 60 * 60 * 1000;

/** Sends events of Sluice's own runs to receivers. */
export type Forwarder = {
  /** Queues the events of runs in a transaction, which has recorded their lineage. */
  queue(tx: Db, orgId: string, lineages: readonly Lineage[], namespace?: string): Promise<void>;
  /** Sends queued events until `stop` aborts. */
  run(stop: AbortSignal): Promise<void>;
};

type ForwarderDeps = {
  readonly db: Db;
  readonly log: Logger;
  readonly receivers: readonly Receiver[];
  readonly guard: AddressGuard;
  readonly processId: string;
};

export function createForwarder(deps: ForwarderDeps): Forwarder {
  const full = new Set<string>();
  return {
    async queue(tx, orgId, lineages, namespace = "") {
      const waiting = deps.receivers.filter(({ name }) => !full.has(name));
      if (waiting.length === 0) return;
      const time = new Date().toISOString();
      const events = lineages.flatMap((lineage) => {
        const owner = lineage.entities[0]?.ownerNamespace ?? (namespace || defaultNamespace);
        return runEvent(lineage, { orgId, namespace: owner, time }) ?? [];
      });
      await insertOutbox(
        tx,
        events.flatMap(({ runId, event }) =>
          waiting.map(({ name }) => ({ receiver: name, orgId, runId, event })),
        ),
      );
    },
    async run(stop) {
      await outsideCalls(() =>
        Promise.all(deps.receivers.map((receiver) => serve(deps, receiver, full, stop))),
      );
    },
  };
}

/** Sends to one receiver until `stop` aborts. Receivers do not wait for each other. */
async function serve(
  deps: ForwarderDeps,
  receiver: Receiver,
  full: Set<string>,
  stop: AbortSignal,
): Promise<void> {
  const { db, log, processId } = deps;
  while (!stop.aborted) {
    let isMore = false;
    try {
      const isFull = (await countUnsent(db, receiver.name, unsentMax)) >= unsentMax;
      if (isFull && !full.has(receiver.name))
        log.error(
          { receiver: receiver.name },
          "too many lineage events wait for a receiver: new ones are dropped",
        );
      if (isFull) full.add(receiver.name);
      else full.delete(receiver.name);
      if (await holdReceiver(db, receiver.name, processId, leaseMs))
        isMore = await sendDue(deps, receiver, stop);
    } catch (err) {
      if (!stop.aborted) log.warn({ err, receiver: receiver.name }, "lineage events are sent later");
    }
    if (!isMore) await sleep(pauseMs, undefined, { signal: stop }).catch(() => {});
  }
}

/** Sends the first event of each run. Returns whether there may be more. After a failure the receiver gets a pause. */
async function sendDue(deps: ForwarderDeps, receiver: Receiver, stop: AbortSignal): Promise<boolean> {
  const rows = await listDue(deps.db, receiver.name, batchEvents);
  for (const row of rows) {
    const outcome = await sendEvent(receiver, row.event, deps.guard, stop);
    if (outcome.kind === "failed" && !isExpired(row)) {
      const { problem } = outcome;
      deps.log.warn({ receiver: receiver.name, problem }, "a lineage event could not be sent: it is retried");
      await postpone(deps.db, row, retryDelayMs(row.attemptCount));
      return false;
    }
    if (outcome.kind !== "sent") {
      const { problem } = outcome;
      deps.log.error({ receiver: receiver.name, runId: row.runId, problem }, "a lineage event is given up");
    }
    await deleteSent(deps.db, row);
  }
  return rows.length > 0;
}

const isExpired = ({ createTime }: OutboxRow): boolean => Date.now() - createTime.getTime() > retriedMs;

const retryDelayMs = (attemptCount: number): number =>
  Math.min(retryMsMax, retryMsMin * 2 ** Math.min(attemptCount, 20));

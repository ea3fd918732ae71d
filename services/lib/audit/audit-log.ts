import type { AuditEvent } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import type { Db } from "../database/database.ts";
import type { Scope } from "../rpc/guard.ts";
import { newId } from "../values/ids.ts";
import type { AuditEventsTable, AuditRow } from "./audit-events-table.ts";
import type { AuditFilter, Before } from "./audit-filter.ts";
import { chainsIn, type chainsTable } from "./chains.ts";
import { hashOf, toAuditEvent } from "./event-message.ts";
import { listEventsAfter, listEventsBefore } from "./list-events.ts";
import { type Audited, describeEvent, type NewAuditEvent } from "./new-event.ts";
import { type ChainVerification, verifyEvents } from "./verify-events.ts";

type OfOrg = Pick<Scope, "orgId">;

/** The audit log of a service: a chain of events for each organisation. */
export type AuditLog<Kind extends string> = {
  /**
   * Appends events to the organisation's chain, in the transaction of the change that they record. Call it last: it locks
   * the end of the chain until the transaction ends.
   */
  record(tx: Db, audited: Audited, ...events: readonly NewAuditEvent<Kind>[]): Promise<void>;
  /** Events that match, newest first, from the newest before a position on. */
  list(
    db: Db,
    scope: OfOrg,
    filter: AuditFilter,
    before: Before | undefined,
    limit: number,
  ): Promise<AuditEvent[]>;
  /** Reads the whole chain and recomputes its hashes. */
  verify(db: Db, scope: OfOrg): Promise<ChainVerification>;
};

type Tables = { readonly events: AuditEventsTable; readonly chains: ReturnType<typeof chainsTable> };

/** The audit log of a service, in its tables. */
export function createAuditLog<Kind extends string>(
  service: string,
  { events: table, chains: ends }: Tables,
): AuditLog<Kind> {
  const chains = chainsIn(ends);
  return {
    async record(tx, { orgId, principal }, ...events) {
      if (events.length === 0) return;
      // Without one the chain would be locked for a statement only, and fork.
      if (!("rollback" in tx)) throw new Error("events are recorded in a transaction");
      const head = await chains.lock(tx, { orgId });
      const rows: AuditRow[] = [];
      for (const event of events) {
        const last = rows.at(-1) ?? { sequence: head.sequence, hash: head.headHash };
        const row = {
          ...describeEvent(principal, event),
          eventId: newId(),
          orgId,
          // The time of the append, not that of the call: times of a chain are in its order.
          createTime: new Date(),
          sequence: last.sequence + 1n,
          previousHash: last.hash,
        };
        rows.push({ ...row, hash: hashOf(service, row) });
      }
      const { sequence, hash } = rows.at(-1) as AuditRow;
      // Sent together, so that the chain is locked for one round trip less.
      await Promise.all([
        tx.insert(table).values(rows),
        chains.advance(tx, { orgId }, { sequence, headHash: hash }),
      ]);
    },

    async list(db, scope, filter, before, limit) {
      const rows = await listEventsBefore(db, scope, table, filter, before, limit);
      return rows.map((row) => toAuditEvent(service, row));
    },

    verify: (db, scope) =>
      db.transaction(
        async (tx) =>
          verifyEvents<AuditRow>(
            await chains.find(tx, scope),
            (after, limit) => listEventsAfter(tx, scope, table, after, limit),
            (row) => hashOf(service, row),
          ),
        // One snapshot of the chain, because events are appended during the verification.
        { isolationLevel: "repeatable read", accessMode: "read only" },
      ),
  };
}

import { bigint, index, type PgSchema, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";

/**
 * A service's table of audit events. Export it from the service's schema.ts; triggers refuse everything but appends.
 * Columns contain the exact texts that were hashed.
 */
export const auditEventsTable = (schema: PgSchema) =>
  schema.table(
    "audit_events",
    {
      orgId: uuid("org_id").notNull(),
      /** From 1, without gaps. */
      sequence: bigint("sequence", { mode: "bigint" }).notNull(),
      eventId: uuid("event_id").notNull(),
      createTime: timestamp("create_time", { withTimezone: true }).notNull(),
      kind: text("kind").notNull(),
      namespace: text("namespace").notNull(),
      // Users and keys may be gone: these are texts without foreign keys, empty for none.
      actorUserId: text("actor_user_id").notNull(),
      actorApiKeyId: text("actor_api_key_id").notNull(),
      delegateUserId: text("delegate_user_id").notNull(),
      delegateApiKeyId: text("delegate_api_key_id").notNull(),
      resource: text("resource").notNull(),
      requestId: text("request_id").notNull(),
      clientAddress: text("client_address").notNull(),
      outcome: text("outcome").notNull(),
      method: text("method").notNull(),
      detailsJson: text("details_json").notNull(),
      previousHash: text("previous_hash").notNull(),
      hash: text("hash").notNull(),
    },
    (table) => [
      primaryKey({ name: "audit_events_pk", columns: [table.orgId, table.sequence] }),
      index("audit_events_time").on(table.orgId, table.createTime, table.sequence),
      index("audit_events_kind").on(table.orgId, table.kind, table.createTime, table.sequence),
      index("audit_events_actor").on(table.orgId, table.actorUserId, table.createTime, table.sequence),
      index("audit_events_resource").on(table.orgId, table.resource, table.createTime, table.sequence),
    ],
  );

export type AuditEventsTable = ReturnType<typeof auditEventsTable>;
export type AuditRow = AuditEventsTable["$inferSelect"];

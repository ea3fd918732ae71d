import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { EventType } from "../../gen/sluice/approval/v1/audit_pb.ts";
import { AuditService } from "../../gen/sluice/identity/v1/audit_pb.ts";
import { appendEvent } from "../../services/approval/audit/append-event.ts";
import { run as runApproval } from "../../services/approval/run.ts";
import { run } from "../../services/identity/run.ts";
import { openDatabase } from "../../services/lib/database/database.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { meshKeys, type RunningService, startService, temporaryFolder } from "../lib/test-mesh.ts";
import { startStorageIn } from "../storage/fixtures.ts";
import { bootstrapEmail, type Identity, identityConfig, logInAs, newOrg } from "./fixtures.ts";

export type Audit = Identity & {
  approval: RunningService;
  storage: RunningService;
  /** Appends an event to the organisation's chain in approval, as a step of a release does. Returns the project. */
  appendProjectEvent(who: Principal, type?: EventType, projectId?: string): Promise<string>;
};

/** Identity, approval and storage on one database. */
export async function startAudit(): Promise<Audit> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder()).path;
  const nobody = `unix:${join(folder, "nobody.sock")}`;
  const approval = stack.use(
    await startService(runApproval, {
      logLevel: "silent",
      grpcListen: `unix:${join(folder, "approval.sock")}`,
      databaseUrl: database.urls.approval,
      meshPrivateKey: meshKeys.privateKeys.approval ?? "",
      meshTrustedKeys: meshKeys.publicKeys,
      meshFiles: undefined,
      identityAddress: nobody,
      orchestrationAddress: nobody,
      stagingAddress: nobody,
      storageAddress: nobody,
    }),
  );
  const files = stack.use(await temporaryFolder()).path;
  const storage = stack.use(await startStorageIn(database, files, {}, undefined, nobody));
  const addresses = { approvalAddress: approval.address, storageAddress: storage.address };
  const config = identityConfig(database, addresses);
  const service = stack.use(await startService(run, config));
  const { db } = stack.use(
    await openDatabase({
      url: database.urls.approval,
      service: "approval",
      migrationsFolder: join(import.meta.dirname, "../../services/approval/migrations"),
    }),
  );
  const root = await logInAs(service, { email: bootstrapEmail });
  const owned = stack.move();
  return {
    ...service,
    database,
    root,
    approval,
    storage,
    async appendProjectEvent(who, type = EventType.CREATED, projectId = randomUUID()) {
      const scope = { orgId: who.orgId, namespaces: "all" as const, principal: who };
      await db.transaction((tx) => appendEvent(tx, scope, { projectId, type, details: {} }));
      return projectId;
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Identity on the scene's database, to which one of the other services does not answer. */
export const startWithout = ({ database, approval, storage }: Audit, away: "approval" | "storage") =>
  startService(
    run,
    identityConfig(
      database,
      away === "approval" ? { storageAddress: storage.address } : { approvalAddress: approval.address },
    ),
  );

/** A new organisation: its administrator, and an approver who reads its events. */
export async function newAudited(identity: Identity) {
  const { admin, orgId, user } = await newOrg(identity);
  const auditor: Principal = { orgId, userId: randomUUID(), roles: ["approver"] };
  return { admin, orgId, user, auditor, audit: identity.client(AuditService, auditor) };
}

/** Inserts events as rows: many, or with times of the test's own. Their hashes are not those of a chain. */
export async function insertEvents(
  { database }: Pick<Identity, "database">,
  orgId: string,
  { count, from = 1, kind = "login" }: { count: number; from?: number; kind?: string },
): Promise<void> {
  await database.sql`
    insert into identity.audit_events
    select ${orgId}, n, gen_random_uuid(), timestamptz '2026-01-01 00:00Z' + (n / 3) * interval '1 ms', ${kind}, '',
      ${randomUUID()}, '', '', '', 'users/' || ${randomUUID()}::text, ${randomUUID()}, '192.0.2.1',
      'AUDIT_OUTCOME_SUCCEEDED', 'AUDIT_METHOD_PASSWORD', '{"loginId":"019a0000-0000-7000-8000-000000000000"}',
      repeat('a', 64), repeat('b', 64)
    from generate_series(${from}::bigint, ${from + count - 1}::bigint) n`;
}

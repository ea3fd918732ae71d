import { expect, test } from "vitest";
import { AuditService } from "../../gen/sluice/storage/v1/audit_pb.ts";
import { LifecycleService } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { startStorage, upload } from "./fixtures.ts";
import { announced, register } from "./model-fixtures.ts";

const storage = forFile(startStorage);

const auditAs = (who: Principal, process = "identity") => storage().client(AuditService, who, process);

test("OK: registrations of models that race make one valid chain", async () => {
  const who = principal();
  const files = [announced("m", "bytes")];
  const modelNames = Array.from({ length: 24 }, (_, index) => `raced-${index}`);
  await Promise.all(modelNames.map((modelName) => register(storage(), who, { modelName, files })));
  const { chain } = await auditAs(who).verifyOrgChain({});
  expect(chain).toMatchObject({ valid: true, eventCount: 24n });
});

test("OK: a hold is recorded when it changes, under the id of its file, however the call spells it", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const { setFileHold } = storage().client(LifecycleService, who);
  for (let count = 0; count < 2; count += 1)
    await setFileHold({ fileId: fileId.toUpperCase(), held: true, reason: "a lawsuit" });
  await setFileHold({ fileId: fileId.toUpperCase(), held: false });
  const { events } = await auditAs(who).listOrgEvents({ limit: 10 });
  expect(events.map(({ kind, resource }) => [kind, resource])).toEqual([
    ["file_hold.released", `files/${fileId}`],
    ["file_hold.set", `files/${fileId}`],
  ]);
});

test("OK: a chain that racing callers made is valid, and a removed event is found", async () => {
  const who = principal();
  const quotas = storage().client(QuotaService, who);
  await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      quotas.setQuota({ quota: { limitBytes: BigInt(1000 + index) } }),
    ),
  );
  const { chain } = await auditAs(who).verifyOrgChain({});
  const { events } = await auditAs(who).listOrgEvents({ limit: 1 });
  expect(chain).toMatchObject({
    service: "storage",
    valid: true,
    eventCount: 12n,
    headHash: events[0]?.hash,
    firstInvalidSequence: 0n,
  });
  await storage().database.sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`delete from storage.audit_events where org_id = ${who.orgId} and sequence = 7`;
  });
  expect((await auditAs(who).verifyOrgChain({})).chain).toMatchObject({
    valid: false,
    eventCount: 6n,
    firstInvalidSequence: 7n,
    problem: "event 7 is missing",
  });
});

test("the database refuses to change and remove events, and to shorten a chain", async () => {
  const who = principal();
  await storage()
    .client(QuotaService, who)
    .setQuota({ quota: { limitBytes: 9n } });
  for (const statement of [
    "update storage.audit_events set details_json = '{}'",
    "delete from storage.audit_events",
    "truncate storage.audit_events",
    "update storage.chains set sequence = sequence",
    "delete from storage.chains",
    "truncate storage.chains",
  ]) {
    await expect(storage().database.sql.unsafe(statement)).rejects.toThrow(/append-only|only grow/);
  }
  expect((await auditAs(who).verifyOrgChain({})).chain).toMatchObject({ valid: true, eventCount: 1n });
});

test("PermissionDenied: the edge, on behalf of an administrator", async () => {
  expect(await failureOf(auditAs(principal(), "edge").verifyOrgChain({}))).toMatchObject({
    code: "PermissionDenied",
  });
});

import { timestampDate } from "@bufbuild/protobuf/wkt";
import { beforeEach, expect, test } from "vitest";
import { AuditService } from "../../gen/sluice/identity/v1/audit_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import { canonicalJson, sha256 } from "../../services/lib/audit/event-hash.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { newAudited, startAudit, startWithout } from "./audit-scene.ts";
import { failureOf, lacking, logIn } from "./fixtures.ts";

const scene = forFile(startAudit);

type Audited = Awaited<ReturnType<typeof newAudited>>;

const eventCount = 5;
const sound = { valid: true, firstInvalidSequence: 0n, problem: "" };

/** An organisation with five events of its own and one of a project. */
async function newChain(): Promise<Audited> {
  const audited = await newAudited(scene());
  const users = scene().client(UserService, audited.admin);
  for (const displayName of ["a", "b", "c", "d", "e"]) {
    const user = { userId: audited.user.userId, displayName };
    await users.updateUser({ user, updateMask: { paths: ["display_name"] } });
  }
  await scene().appendProjectEvent(audited.admin);
  await setQuota(audited.admin);
  return audited;
}

const setQuota = (who: Principal) =>
  scene()
    .storage.client(QuotaService, who)
    .setQuota({ quota: { limitBytes: 5n } });

/** Changes rows as an administrator of the database could, without triggers. */
async function tamper(statement: string, orgId: string): Promise<void> {
  await scene().database.sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql.unsafe(statement, [orgId]);
  });
}

async function verdictOf({ audit }: Audited) {
  const { valid, chains } = await audit.verifyChain({});
  const [approval, identity, storage] = chains;
  expect(chains.map(({ service }) => service)).toEqual(["approval", "identity", "storage"]);
  expect(valid).toBe([approval, identity, storage].every((chain) => chain?.valid));
  return { approval, identity, storage };
}

let own: Audited;
beforeEach(async () => {
  own = await newChain();
});

test("OK: all chains are valid, and their last hashes are those of the newest events", async () => {
  const { approval, identity, storage } = await verdictOf(own);
  const { events } = await own.audit.listAuditEvents({});
  expect(storage).toMatchObject({ ...sound, eventCount: 1n, headHash: events[0]?.hash });
  expect(approval).toMatchObject({ ...sound, eventCount: 1n, headHash: events[1]?.hash });
  expect(identity).toMatchObject({ ...sound, eventCount: BigInt(eventCount), headHash: events[2]?.hash });
  const nothing = await verdictOf(await newAudited(scene()));
  for (const verdict of Object.values(nothing)) {
    expect(verdict).toMatchObject({ ...sound, eventCount: 0n, headHash: "0".repeat(64) });
  }
});

test("OK: a client recomputes the hash from the answer, as the contract says", async () => {
  const { user, orgId, audit } = await newAudited(scene());
  await logIn(scene(), { email: user.email });
  const [event] = (await audit.listAuditEvents({})).events;
  if (!event?.createTime) throw new Error("no event");
  const text = canonicalJson({
    eventId: event.eventId,
    createTime: timestampDate(event.createTime).toISOString().replace(".000Z", "Z"),
    service: "identity",
    kind: "login",
    orgId,
    actorUserId: user.userId,
    resource: `users/${user.userId}`,
    outcome: "AUDIT_OUTCOME_SUCCEEDED",
    method: "AUDIT_METHOD_PASSWORD",
    details: JSON.parse(event.detailsJson),
    sequence: "1",
    previousHash: "0".repeat(64),
  });
  expect(sha256(text)).toBe(event.hash);
});

test.each([
  ["its kind", 4, "update identity.audit_events set kind = 'user.created'", "was changed"],
  ["its actor", 2, "update identity.audit_events set actor_user_id = ''", "was changed"],
  ["its address", 1, "update identity.audit_events set client_address = '192.0.2.1'", "was changed"],
  [
    "its time",
    3,
    "update identity.audit_events set create_time = create_time + interval '1 ms'",
    "was changed",
  ],
  ["its outcome", 1, "update identity.audit_events set outcome = 'AUDIT_OUTCOME_REFUSED'", "was changed"],
  ["its id", 5, "update identity.audit_events set event_id = gen_random_uuid()", "was changed"],
  ["its delegate", 5, "update identity.audit_events set delegate_user_id = 'x'", "was changed"],
  ["its details", 2, "update identity.audit_events set details_json = '{}'", "was changed"],
  ["details that are no JSON", 2, "update identity.audit_events set details_json = '{'", "was changed"],
  ["the hash before", 4, "update identity.audit_events set previous_hash = repeat('0', 64)", "was changed"],
  ["it was removed", 1, "delete from identity.audit_events", "is missing"],
  ["it was removed", 3, "delete from identity.audit_events", "is missing"],
  ["it was removed", 5, "delete from identity.audit_events", "is missing"],
])("OK: finds what was done to an event: %s (%i)", async (_what, sequence, statement, problem) => {
  await tamper(`${statement} where org_id = $1 and sequence = ${sequence}`, own.orgId);
  const { approval, identity } = await verdictOf(own);
  expect(identity).toMatchObject({
    valid: false,
    eventCount: BigInt(sequence - 1),
    firstInvalidSequence: BigInt(sequence),
    problem: `event ${sequence} ${problem}`,
  });
  expect(approval?.valid).toBe(true);
});

test("OK: finds an event that was added, two that changed places, and a changed end", async () => {
  const [swapped, ended] = [await newChain(), await newChain()];
  await tamper(
    `insert into identity.audit_events
     select org_id, 6, event_id, create_time, kind, namespace, actor_user_id, actor_api_key_id, delegate_user_id,
       delegate_api_key_id, resource, request_id, client_address, outcome, method, details_json, hash, hash
     from identity.audit_events where org_id = $1 and sequence = 5`,
    own.orgId,
  );
  expect((await verdictOf(own)).identity).toMatchObject({ valid: false, firstInvalidSequence: 6n });
  for (const [from, to] of [
    [3, -1],
    [2, 3],
    [-1, 2],
  ]) {
    const statement = `update identity.audit_events set sequence = ${to} where org_id = $1 and sequence = ${from}`;
    await tamper(statement, swapped.orgId);
  }
  expect((await verdictOf(swapped)).identity).toMatchObject({ valid: false, firstInvalidSequence: 2n });
  await tamper("update identity.chains set head_hash = repeat('1', 64) where org_id = $1", ended.orgId);
  expect((await verdictOf(ended)).identity).toMatchObject({ valid: false, firstInvalidSequence: 5n });
});

test("OK: a changed event of a project makes the whole invalid, and another organisation's changes do not", async () => {
  const other = await newChain();
  await tamper("update approval.events set type = 'EVENT_TYPE_DELETED' where org_id = $1", own.orgId);
  const { approval, identity, storage } = await verdictOf(own);
  expect([approval?.valid, identity?.valid, storage?.valid]).toEqual([false, true, true]);
  expect((await other.audit.verifyChain({})).valid).toBe(true);
});

test("OK: a changed event of storage makes the whole invalid", async () => {
  const statement = `update storage.audit_events set details_json = '{"limitBytes":6}' where org_id = $1`;
  await tamper(statement, own.orgId);
  const { approval, identity, storage } = await verdictOf(own);
  expect([approval?.valid, identity?.valid]).toEqual([true, true]);
  expect(storage).toMatchObject({ valid: false, firstInvalidSequence: 1n, problem: "event 1 was changed" });
});

test("the database refuses to change, remove or reorder events, and to shorten a chain", async () => {
  for (const statement of [
    "update identity.audit_events set details_json = '{}'",
    "delete from identity.audit_events",
    "truncate identity.audit_events",
    "update identity.chains set sequence = 1",
    "update identity.chains set sequence = sequence + 2",
    "delete from identity.chains",
    "truncate identity.chains",
  ]) {
    await expect(scene().database.sql.unsafe(statement)).rejects.toThrow(/append-only|only grow/);
  }
  expect((await own.audit.verifyChain({})).valid).toBe(true);
});

test("PermissionDenied: an editor", async () => {
  const audit = scene().client(AuditService, { ...own.admin, roles: ["editor"] });
  expect(await failureOf(audit.verifyChain({}))).toEqual(lacking("audit.read"));
});

test.each(["approval", "storage"] as const)("Unavailable: names %s", async (peer) => {
  await using without = await startWithout(scene(), peer);
  expect(await failureOf(without.client(AuditService, own.auditor).verifyChain({}))).toEqual({
    code: "Unavailable",
    reason: "UPSTREAM_UNAVAILABLE",
    metadata: { peer },
  });
});

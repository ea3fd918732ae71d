import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import {
  type AuditEvent,
  AuditMethod,
  AuditOutcome,
  AuditService,
} from "../../gen/sluice/identity/v1/audit_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { createRefusals } from "../../services/identity/audit/refusals.ts";
import { type Database, openDatabase } from "../../services/lib/database/database.ts";
import { withinCall } from "../../services/lib/rpc/call.ts";
import { newId } from "../../services/lib/values/ids.ts";
import { forFile } from "../lib/for-file.ts";
import { newAudited, startAudit } from "./audit-scene.ts";
import { failureOf, logIn, newEmail } from "./fixtures.ts";

const scene = forFile(startAudit);
let database: Database;
beforeAll(async () => {
  const url = scene().database.urls.identity;
  database = await openDatabase({
    url,
    service: "identity",
    migrationsFolder: "services/identity/migrations",
  });
});
afterAll(() => database[Symbol.asyncDispose]());

type Audited = Awaited<ReturnType<typeof newAudited>>;

async function refusedOf({ audit }: Audited) {
  const { events } = await audit.listAuditEvents({
    kinds: ["login"],
    outcome: AuditOutcome.REFUSED,
    pageSize: 1000,
  });
  return events.map(
    ({ resource, clientAddress, requestId, method, actorUserId, detailsJson }: AuditEvent) => ({
      resource,
      clientAddress,
      requestId,
      method,
      actorUserId,
      ...JSON.parse(detailsJson),
    }),
  );
}

const from = (address: string, requestId: string) => ({
  "x-sluice-client-address": address,
  "x-request-id": requestId,
});

test("OK: a refused login of an account is in its organisation's events, one of no account in nobody's", async () => {
  const [own, other] = [await newAudited(scene()), await newAudited(scene())];
  const { secret, apiKey } = await scene()
    .client(ApiKeyService, own.admin)
    .createApiKey({ apiKey: { displayName: "key" } });
  await scene().database.sql`
    update identity.api_keys set expire_time = now() where api_key_id = ${apiKey?.apiKeyId ?? ""}`;
  const wrong = { password: "the wrong password" };
  await failureOf(logIn(scene(), { email: newEmail(), ...wrong, headers: from("192.0.2.1", "r-0") }));
  await failureOf(logIn(scene(), { email: own.user.email, ...wrong, headers: from("192.0.2.1", "r-1") }));
  const auth = scene().client(AuthService, undefined);
  await failureOf(auth.issueToken({ apiKey: secret }, { headers: from("192.0.2.2", "r-2") }));
  await failureOf(auth.issueToken({ apiKey: "sk_unknown" }, { headers: from("192.0.2.2", "r-3") }));
  const refused = {
    resource: `users/${own.user.userId}`,
    clientAddress: "192.0.2.1",
    requestId: "r-1",
    method: AuditMethod.PASSWORD,
    actorUserId: "",
    count: 1,
  };
  await expect.poll(() => refusedOf(own), { timeout: 20_000 }).toHaveLength(2);
  expect((await refusedOf(own)).sort((a, b) => a.requestId.localeCompare(b.requestId))).toEqual([
    refused,
    {
      ...refused,
      clientAddress: "192.0.2.2",
      requestId: "r-2",
      method: AuditMethod.API_KEY,
      apiKeyId: apiKey?.apiKeyId,
    },
  ]);
  expect(await refusedOf(other)).toEqual([]);
  const { orgId } = scene().root;
  const elsewhere = scene().client(AuditService, { ...own.auditor, orgId });
  expect((await elsewhere.listAuditEvents({ outcome: AuditOutcome.REFUSED })).events).toEqual([]);
});

/** Refusals with a clock of the test's own; `record` runs one round. */
function controlled() {
  let nowMs = 0;
  const log = pino({ level: "silent" });
  const refusals = createRefusals({ db: database.db, log }, () => nowMs);
  return {
    note(audited: Audited, userId: string, clientAddress: string, times = 1) {
      const { orgId } = audited;
      const call = {
        principal: undefined,
        requestId: "r",
        clientAddress,
        traceparent: undefined,
        tracestate: undefined,
      };
      const current = { ...call, signal: new AbortController().signal, deadlineMs: undefined };
      withinCall(current, () => {
        for (let time = 0; time < times; time += 1) {
          refusals.note({ orgId, userId, method: AuditMethod.PASSWORD });
        }
      });
    },
    pass(ms: number) {
      nowMs += ms;
    },
    record: () => refusals.recordDue(),
    close: () => refusals[Symbol.asyncDispose](),
  };
}

const counts = async (audited: Audited) => (await refusedOf(audited)).map(({ count }) => count);

test("OK: a minute's refusals of one account and address are two events, and the next minute's too", async () => {
  const audited = await newAudited(scene());
  const userId = newId();
  const refusals = controlled();
  refusals.note(audited, userId, "192.0.2.1", 3);
  await refusals.record();
  expect(await counts(audited)).toEqual([3]);
  for (let round = 0; round < 5; round += 1) {
    refusals.note(audited, userId, "192.0.2.1", 100);
    await refusals.record();
  }
  expect(await counts(audited)).toEqual([3]);
  refusals.pass(60_000);
  await refusals.record();
  expect(await counts(audited)).toEqual([500, 3]);
  refusals.note(audited, userId, "192.0.2.1");
  refusals.note(audited, userId, "192.0.2.9");
  await refusals.record();
  expect(await counts(audited)).toEqual([1, 1, 500, 3]);
  refusals.note(audited, userId, "192.0.2.9", 7);
  await refusals.close();
  expect(await counts(audited)).toEqual([7, 1, 1, 500, 3]);
  expect((await audited.audit.verifyChain({})).valid).toBe(true);
});

test("OK: refusals of many accounts from many addresses are a bounded number of events", async () => {
  const [audited, other] = [await newAudited(scene()), await newAudited(scene())];
  const refusals = controlled();
  for (let at = 0; at < 5000; at += 1) refusals.note(audited, newId(), `192.0.2.${at % 250}`);
  refusals.note(other, newId(), "192.0.2.1");
  await refusals.record();
  refusals.pass(60_000);
  await refusals.record();
  const refused = await refusedOf(audited);
  expect(refused).toHaveLength(61);
  expect(refused.reduce((sum, { count }) => sum + count, 0)).toBe(5000);
  expect(refused.filter(({ resource }) => resource === "")).toMatchObject([
    { count: 4940, clientAddress: "" },
  ]);
  expect(await counts(other)).toEqual([1]);
  refusals.note(audited, newId(), "192.0.2.1");
  await refusals.record();
  expect((await refusedOf(audited))[0]?.resource).toMatch(/^users\//);
  await refusals.close();
});

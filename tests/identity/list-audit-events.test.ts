import { randomUUID } from "node:crypto";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { EventType } from "../../gen/sluice/approval/v1/audit_pb.ts";
import {
  type AuditEvent,
  AuditMethod,
  AuditOutcome,
  AuditService,
} from "../../gen/sluice/identity/v1/audit_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { insertEvents, newAudited, startAudit, startWithout } from "./audit-scene.ts";
import { failureOf, lacking, logIn, newEditor, newEmail, principalOf } from "./fixtures.ts";

const scene = forFile(startAudit);

const kindsOf = ({ events }: { events: AuditEvent[] }) => events.map(({ kind }) => kind);
const keyOf = ({ service, sequence }: AuditEvent) => `${service} ${sequence}`;

test("OK: the events of all services, newest first, with who, where, how and the request", async () => {
  const { admin, orgId, user, audit } = await newAudited(scene());
  const headers = { "x-sluice-client-address": "198.51.100.7", "x-request-id": "r-1" };
  await logIn(scene(), { email: user.email, headers });
  const projectId = await scene().appendProjectEvent(admin, EventType.PUBLISH_FAILED);
  const users = scene().client(UserService, { ...admin, apiKeyId: randomUUID() });
  const { user: made } = await users.createUser({
    user: { email: newEmail() },
    password: "a long first password",
  });
  const { events, nextPageToken } = await audit.listAuditEvents({});
  expect(nextPageToken).toBe("");
  expect(events).toMatchObject([
    {
      service: "identity",
      kind: "user.created",
      actorUserId: admin.userId,
      actorApiKeyId: expect.stringMatching(/^[\da-f-]{36}$/),
      resource: `users/${made?.userId}`,
      clientAddress: "",
      outcome: AuditOutcome.SUCCEEDED,
      method: AuditMethod.UNSPECIFIED,
      detailsJson: '{"roles":["viewer"]}',
      sequence: 2n,
    },
    {
      service: "approval",
      kind: "project.publish_failed",
      actorUserId: admin.userId,
      resource: `projects/${projectId}`,
      outcome: AuditOutcome.FAILED,
      sequence: 1n,
    },
    {
      service: "identity",
      kind: "login",
      orgId,
      actorUserId: admin.userId,
      actorApiKeyId: "",
      resource: `users/${admin.userId}`,
      requestId: "r-1",
      clientAddress: "198.51.100.7",
      outcome: AuditOutcome.SUCCEEDED,
      method: AuditMethod.PASSWORD,
      detailsJson: expect.stringMatching(/^\{"loginId":"[\da-f-]{36}"\}$/),
      sequence: 1n,
      previousHash: "0".repeat(64),
    },
  ]);
  expect(events[0]?.previousHash).toBe(events[2]?.hash);
  expect(
    JSON.stringify(events, (_, value) => (typeof value === "bigint" ? Number(value) : value)),
  ).not.toContain("@");
});

test("OK: the filter selects by kind, user, resource, outcome and time", async () => {
  const { admin, audit } = await newAudited(scene());
  const editor = await newEditor(scene(), admin);
  const users = scene().client(UserService, admin);
  const { user } = await users.createUser({ user: { email: newEmail() }, password: "a long first password" });
  const other = user ? principalOf(user) : admin;
  await users.updateUser({
    user: { userId: other.userId, active: false },
    updateMask: { paths: ["active"] },
  });
  const projectId = await scene().appendProjectEvent(editor);
  await scene().appendProjectEvent(editor, EventType.PACKAGE_FAILED, projectId);
  await users.deleteUser({ userId: other.userId });
  const list = async (filter: Parameters<typeof audit.listAuditEvents>[0]) =>
    kindsOf(await audit.listAuditEvents(filter));
  const all = ["user.deleted", "project.package_failed", "project.created", "user.updated", "user.created"];
  expect(await list({})).toEqual(all);
  expect(await list({ kinds: ["user.created", "project.created"] })).toEqual([
    "project.created",
    "user.created",
  ]);
  expect(await list({ userId: editor.userId })).toEqual(["project.package_failed", "project.created"]);
  expect(await list({ userId: other.userId })).toEqual(["user.deleted", "user.updated", "user.created"]);
  expect(await list({ resource: `projects/${projectId}` })).toEqual([
    "project.package_failed",
    "project.created",
  ]);
  expect(await list({ resource: `users/${other.userId}`, kinds: ["user.updated"] })).toEqual([
    "user.updated",
  ]);
  expect(await list({ outcome: AuditOutcome.FAILED })).toEqual(["project.package_failed"]);
  expect(await list({ outcome: AuditOutcome.REFUSED })).toEqual([]);
  expect(await list({ outcome: AuditOutcome.SUCCEEDED })).toHaveLength(4);
  expect(await list({ resource: "secrets/none" })).toEqual([]);

  const { events } = await audit.listAuditEvents({});
  const startTime = events[3]?.createTime;
  const endTime = events[1]?.createTime;
  const within = events.filter(({ createTime }) => {
    const ms = createTime ? timestampDate(createTime).getTime() : 0;
    return (
      startTime &&
      endTime &&
      ms >= timestampDate(startTime).getTime() &&
      ms < timestampDate(endTime).getTime()
    );
  });
  if (!startTime || !endTime) throw new Error("no times");
  expect((await audit.listAuditEvents({ startTime, endTime })).events).toEqual(within);
  // Events have whole milliseconds: one nanosecond later is after the event.
  const later = { ...startTime, nanos: startTime.nanos + 1 };
  expect((await audit.listAuditEvents({ startTime: later })).events).not.toContainEqual(events[3]);
  expect(await list({ startTime: timestampFromDate(new Date(Date.now() + 3_600_000)) })).toEqual([]);
});

test("OK: pages neither repeat nor skip an event while others are added, also of one millisecond", async () => {
  const { admin, orgId, audit } = await newAudited(scene());
  await insertEvents(scene(), orgId, { count: 40 });
  await scene().database.sql`
    insert into approval.events
    select ${orgId}, n, gen_random_uuid(), 'EVENT_TYPE_UPDATED', ${admin.userId},
      timestamptz '2026-01-01 00:00Z' + ((n - 1000) / 2) * interval '1 ms', '{}', repeat('a', 64), repeat('b', 64)
    from generate_series(1001, 1030) n`;
  const { events: expected } = await audit.listAuditEvents({ pageSize: 1000 });
  expect(expected).toHaveLength(70);
  for (const pageSize of [2, 7]) {
    const read: AuditEvent[] = [];
    let pageToken = "";
    do {
      const page = await audit.listAuditEvents({ pageSize, pageToken, kinds: [] });
      read.push(...page.events);
      pageToken = page.nextPageToken;
      await scene().appendProjectEvent(admin);
    } while (pageToken);
    const known = new Set(expected.map(keyOf));
    expect(read.map(keyOf).filter((key) => known.has(key))).toEqual(expected.map(keyOf));
    expect(new Set(read.map(keyOf)).size).toBe(read.length);
    expected.unshift(...(await audit.listAuditEvents({ pageSize: 1000 })).events.slice(0, -expected.length));
  }
});

test("OK: storage's events, merged and selected as others are", async () => {
  const { admin, audit } = await newAudited(scene());
  const projectId = await scene().appendProjectEvent(admin);
  const quotas = scene().storage.client(QuotaService, { ...admin, apiKeyId: randomUUID() });
  await quotas.setQuota({ quota: { limitBytes: 1024n, warnFiles: 7n } });
  const users = scene().client(UserService, admin);
  await users.createUser({ user: { email: newEmail() }, password: "a long first password" });
  const { events } = await audit.listAuditEvents({});
  expect(events.map(({ service, kind }) => [service, kind])).toEqual([
    ["identity", "user.created"],
    ["storage", "quota.set"],
    ["approval", "project.created"],
  ]);
  expect(events[1]).toMatchObject({
    actorUserId: admin.userId,
    actorApiKeyId: expect.stringMatching(/^[\da-f-]{36}$/),
    outcome: AuditOutcome.SUCCEEDED,
    detailsJson: '{"limitBytes":1024,"limitFiles":null,"warnBytes":null,"warnFiles":7}',
    sequence: 1n,
    previousHash: "0".repeat(64),
  });
  const list = async (filter: Parameters<typeof audit.listAuditEvents>[0]) =>
    kindsOf(await audit.listAuditEvents(filter));
  expect(await list({ kinds: ["quota.set", "login"] })).toEqual(["quota.set"]);
  expect(await list({ kinds: ["file.purged"] })).toEqual([]);
  expect(await list({ outcome: AuditOutcome.FAILED })).toEqual([]);
  expect(await list({ userId: admin.userId })).toContain("quota.set");
  expect(await list({ resource: `files/${projectId}` })).toEqual([]);
  let pageToken = "";
  const read: string[] = [];
  do {
    const page = await audit.listAuditEvents({ pageSize: 1, pageToken });
    read.push(...kindsOf(page));
    pageToken = page.nextPageToken;
  } while (pageToken);
  expect(read).toEqual(kindsOf({ events }));
});

test("OK: another organisation's events are not there, by any filter", async () => {
  const [own, other] = [await newAudited(scene()), await newAudited(scene())];
  await logIn(scene(), { email: other.user.email });
  const projectId = await scene().appendProjectEvent(other.admin);
  expect(kindsOf(await other.audit.listAuditEvents({}))).toEqual(["project.created", "login"]);
  for (const filter of [
    {},
    { userId: other.user.userId },
    { resource: `users/${other.user.userId}` },
    { resource: `projects/${projectId}` },
    { kinds: ["login", "project.created"] },
  ]) {
    expect((await own.audit.listAuditEvents(filter)).events).toEqual([]);
  }
});

test("InvalidArgument: what no list of events has", async () => {
  const { orgId, audit } = await newAudited(scene());
  const fieldsOf = async (request: Parameters<typeof audit.listAuditEvents>[0]) =>
    (await failureOf(audit.listAuditEvents(request))).fields;
  expect(await fieldsOf({ pageSize: 1001 })).toEqual(["page_size"]);
  expect(await fieldsOf({ kinds: ["login", "logon"] })).toEqual(["kinds[1]"]);
  expect(await fieldsOf({ userId: "me" })).toEqual(["user_id"]);
  expect(await fieldsOf({ outcome: 9 as AuditOutcome })).toEqual(["outcome"]);
  expect(await fieldsOf({ resource: "users/\0" })).toEqual(["resource"]);
  expect(await fieldsOf({ startTime: { seconds: 10n ** 15n, nanos: 0 } })).toEqual(["start_time"]);
  expect(await fieldsOf({ endTime: { seconds: -(10n ** 15n), nanos: 0 } })).toEqual(["end_time"]);
  await insertEvents(scene(), orgId, { count: 3 });
  const { nextPageToken: pageToken } = await audit.listAuditEvents({ pageSize: 1 });
  const forged = (key: string) =>
    Buffer.from(
      JSON.stringify([key, JSON.parse(Buffer.from(pageToken, "base64url").toString())[1]]),
    ).toString("base64url");
  for (const request of [
    { pageToken: "?" },
    { pageToken, kinds: ["login"] },
    { pageToken: forged("999999999999999 identity 1") },
    { pageToken: forged("1 elsewhere 1") },
    { pageToken: forged("1 identity 9999999999999999999") },
  ]) {
    expect(await failureOf(audit.listAuditEvents(request))).toMatchObject({ reason: "PAGE_TOKEN_INVALID" });
  }
  expect(
    (await audit.listAuditEvents({ pageToken: forged("99999999999999 approval 999999999999999999") })).events,
  ).toHaveLength(3);
});

test("PermissionDenied: an editor, a viewer", async () => {
  const { admin } = await newAudited(scene());
  for (const role of ["editor", "viewer"]) {
    const call = scene()
      .client(AuditService, { ...admin, roles: [role] })
      .listAuditEvents({});
    expect(await failureOf(call)).toEqual(lacking("audit.read"));
  }
});

test.each([
  ["approval", "project.created"],
  ["storage", "file.purged"],
] as const)("Unavailable: names %s, and lists what is in other services", async (peer, kind) => {
  const { admin, user } = await newAudited(scene());
  await logIn(scene(), { email: user.email });
  const away = { code: "Unavailable", reason: "UPSTREAM_UNAVAILABLE", metadata: { peer } };
  await using without = await startWithout(scene(), peer);
  const audit = without.client(AuditService, admin);
  expect(await failureOf(audit.listAuditEvents({}))).toEqual(away);
  expect(await failureOf(audit.listAuditEvents({ kinds: ["login", kind] }))).toEqual(away);
  expect(kindsOf(await audit.listAuditEvents({ kinds: ["login"] }))).toEqual(["login"]);
  expect(kindsOf(await audit.listAuditEvents({ resource: `users/${user.userId}` }))).toEqual(["login"]);
});

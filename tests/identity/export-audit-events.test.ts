import { fromJsonString } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import type { HttpBody } from "../../gen/google/api/httpbody_pb.ts";
import { HttpHeadSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { type AuditEvent, AuditEventSchema, AuditService } from "../../gen/sluice/identity/v1/audit_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { insertEvents, newAudited, startAudit, startWithout } from "./audit-scene.ts";
import { failureOf, lacking } from "./fixtures.ts";

const scene = forFile(startAudit);

const bodiesOf = (stream: AsyncIterable<HttpBody>): Promise<HttpBody[]> => Array.fromAsync(stream);

const eventsOf = (bodies: HttpBody[]): AuditEvent[] =>
  Buffer.concat(bodies.map(({ data }) => data))
    .toString()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => fromJsonString(AuditEventSchema, line));

test("OK: a line for each event that the list has, in its order, and no event that is added meanwhile", async () => {
  const { admin, orgId, audit } = await newAudited(scene());
  await insertEvents(scene(), orgId, { count: 1200 });
  await scene().appendProjectEvent(admin);
  const pages = [await audit.listAuditEvents({ pageSize: 1000 })];
  pages.push(await audit.listAuditEvents({ pageSize: 1000, pageToken: pages[0]?.nextPageToken ?? "" }));
  const bodies: HttpBody[] = [];
  for await (const body of audit.exportAuditEvents({})) {
    bodies.push(body);
    await scene().appendProjectEvent(admin);
  }
  expect(eventsOf(bodies)).toEqual(pages.flatMap(({ events }) => events));
  expect(bodies).toHaveLength(3);
  const [first] = bodies;
  expect(first?.contentType).toBe("application/x-ndjson");
  expect(first?.extensions.map((any) => anyUnpack(any, HttpHeadSchema)?.headers)).toEqual([
    { "content-disposition": 'attachment; filename="audit.ndjson"' },
  ]);
});

test("OK: what the filter selects, and nothing of an organisation without events", async () => {
  const { admin, orgId, audit } = await newAudited(scene());
  const [empty] = await bodiesOf(audit.exportAuditEvents({}));
  expect([empty?.contentType, empty?.data.length]).toEqual(["application/x-ndjson", 0]);
  await insertEvents(scene(), orgId, { count: 500 });
  await scene().appendProjectEvent(admin);
  const projects = eventsOf(await bodiesOf(audit.exportAuditEvents({ kinds: ["project.created"] })));
  expect(projects.map(({ kind }) => kind)).toEqual(["project.created"]);
  expect(eventsOf(await bodiesOf(audit.exportAuditEvents({ kinds: ["login"] })))).toHaveLength(500);
});

test("OK: another organisation's events are not there, by any filter", async () => {
  const [own, other] = [await newAudited(scene()), await newAudited(scene())];
  const projectId = await scene().appendProjectEvent(other.admin);
  for (const filter of [
    {},
    { userId: other.admin.userId },
    { resource: `projects/${projectId}` },
    { kinds: ["project.created"] },
  ]) {
    expect(eventsOf(await bodiesOf(own.audit.exportAuditEvents(filter)))).toEqual([]);
    expect(eventsOf(await bodiesOf(other.audit.exportAuditEvents(filter)))).toHaveLength(1);
  }
});

test("InvalidArgument: an unknown kind", async () => {
  const { audit } = await newAudited(scene());
  const call = bodiesOf(audit.exportAuditEvents({ kinds: ["logon"] }));
  expect(await failureOf(call)).toMatchObject({ code: "InvalidArgument", fields: ["kinds[0]"] });
});

test("PermissionDenied: an editor", async () => {
  const { admin } = await newAudited(scene());
  const audit = scene().client(AuditService, { ...admin, roles: ["editor"] });
  expect(await failureOf(bodiesOf(audit.exportAuditEvents({})))).toEqual(lacking("audit.read"));
});

test.each(["approval", "storage"] as const)("Unavailable: names %s", async (peer) => {
  const { auditor } = await newAudited(scene());
  await using without = await startWithout(scene(), peer);
  const call = bodiesOf(without.client(AuditService, auditor).exportAuditEvents({}));
  expect(await failureOf(call)).toEqual({
    code: "Unavailable",
    reason: "UPSTREAM_UNAVAILABLE",
    metadata: { peer },
  });
});

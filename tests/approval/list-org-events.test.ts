import { timestampDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { AuditService, EventType } from "../../gen/sluice/approval/v1/audit_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { createProject, projects, startApproval } from "./fixtures.ts";

const approval = forFile(startApproval);

/** As identity calls it in a caller's name. */
const auditAs = (who: Principal, process = "identity") => approval().client(AuditService, who, process);

test("OK: the organisation's events, newest first, and what the filter selects", async () => {
  const who = principal();
  const other = principal({ orgId: who.orgId });
  const one = await createProject(approval(), who);
  const two = await createProject(approval(), other);
  await projects(approval(), who).deleteProject({ projectId: one.projectId });
  await createProject(approval(), principal());
  const audit = auditAs(who);
  const list = async (filter: Parameters<typeof audit.listOrgEvents>[0]) =>
    (await audit.listOrgEvents({ limit: 10, ...filter })).events.map(({ sequence }) => Number(sequence));
  expect(await list({})).toEqual([3, 2, 1]);
  expect(await list({ limit: 2 })).toEqual([3, 2]);
  expect(await list({ limit: 0 })).toEqual([3, 2, 1]);
  expect(await list({ types: [EventType.CREATED] })).toEqual([2, 1]);
  expect(await list({ userId: other.userId })).toEqual([2]);
  expect(await list({ projectId: two.projectId })).toEqual([2]);
  const { events } = await audit.listOrgEvents({ limit: 10 });
  const [newest, middle, oldest] = events.map(({ createTime }) => createTime);
  if (!newest || !middle || !oldest) throw new Error("no times");
  const timeOf = (time: typeof newest) => timestampDate(time).getTime();
  expect(await list({ startTime: newest })).toContain(3);
  expect(await list({ endTime: oldest })).toEqual([]);
  expect(await list({ beforeTime: middle, beforeSequence: 2n })).toEqual(
    events
      .filter(
        ({ createTime, sequence }) => createTime && sequence < 2n && timeOf(createTime) <= timeOf(middle),
      )
      .map(({ sequence }) => Number(sequence)),
  );
  const { events: theirs } = await auditAs(principal()).listOrgEvents({ limit: 10 });
  expect(theirs).toEqual([]);
});

test("InvalidArgument: a limit that is too large, ids that are none", async () => {
  const audit = auditAs(principal());
  const fieldsOf = async (request: Parameters<typeof audit.listOrgEvents>[0]) =>
    (await failureOf(audit.listOrgEvents(request))).fields;
  expect(await fieldsOf({ limit: 1002 })).toEqual(["limit"]);
  expect(await fieldsOf({ limit: 1, userId: "me" })).toEqual(["user_id"]);
  expect(await fieldsOf({ limit: 1, projectId: "it" })).toEqual(["project_id"]);
});

test("PermissionDenied: the edge, on behalf of an administrator", async () => {
  const call = auditAs(principal(), "edge").listOrgEvents({ limit: 1 });
  expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
});

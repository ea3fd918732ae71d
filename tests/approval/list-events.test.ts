import { createHash, randomUUID } from "node:crypto";
import { toJson } from "@bufbuild/protobuf";
import canonicalize from "canonicalize";
import { expect, test } from "vitest";
import { EventSchema } from "../../gen/sluice/approval/v1/audit_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { drafted, eventsOf, member, published, startRelease, team } from "./release-fixtures.ts";

const release = forFile(startRelease);

test("OK: a release's events in the chain's order, each with what anybody needs to recompute its hash", async () => {
  const by = team(release());
  const { projectId } = await published(release(), by);
  const { events } = await by.editor.audit.listEvents({ projectId, orderBy: "sequence" });
  expect(events.map(({ sequence }) => sequence)).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
  let previousHash = "0".repeat(64);
  for (const event of events) {
    const { hash, detailsJson, ...said } = toJson(EventSchema, event) as Record<string, string>;
    const details = JSON.parse(detailsJson ?? "");
    expect(canonicalize(details)).toBe(detailsJson);
    expect(said.previousHash).toBe(previousHash);
    const text = canonicalize({ ...said, details }) ?? "";
    expect(createHash("sha256").update(text).digest("hex")).toBe(hash);
    previousHash = hash ?? "";
  }
  const actors = events.map(({ actorUserId }) => actorUserId);
  const { editor, approver } = by;
  expect(actors).toEqual(Array(8).fill(editor.who.userId).with(5, approver.who.userId));
  const { headHash } = await approver.audit.verifyChain({});
  expect(headHash).toBe(previousHash);
});

test("OK: the event of a delegated call names the caller that spoke for the user", async () => {
  const by = team(release());
  const { projectId } = await drafted(release(), by);
  const delegate = { userId: randomUUID(), apiKeyId: randomUUID() };
  const { projects } = member(release(), { ...by.editor.who, delegate });
  await projects.updateProject({ project: { projectId, displayName: "renamed" } });
  const { events } = await by.editor.audit.listEvents({ projectId });
  const details = events.map(({ detailsJson }) => JSON.parse(detailsJson).delegate);
  expect(details).toEqual([delegate, undefined]);
  expect(events.map(({ actorUserId }) => actorUserId)).toEqual(Array(2).fill(by.editor.who.userId));
  expect(await by.approver.audit.verifyChain({})).toMatchObject({ problem: "" });
});

test("OK: the events of a project that was deleted stay, page by page, newest first", async () => {
  const by = team(release());
  const { projectId } = await drafted(release(), by);
  await by.editor.projects.updateProject({ project: { projectId, displayName: "renamed" } });
  await by.editor.projects.deleteProject({ projectId });
  expect(await eventsOf(by, projectId)).toEqual(["created", "updated", "deleted"]);
  const first = await by.editor.audit.listEvents({ projectId, pageSize: 2 });
  const second = await by.editor.audit.listEvents({ projectId, pageSize: 2, pageToken: first.nextPageToken });
  const sequences = [...first.events, ...second.events].map(({ sequence }) => sequence);
  expect([sequences, second.nextPageToken]).toEqual([[3n, 2n, 1n], ""]);
});

test("OK: events of a type, a user or a range", async () => {
  const by = team(release());
  const { projectId } = await drafted(release(), by);
  await by.editor.projects.updateProject({ project: { projectId, displayName: "renamed" } });
  const found = async (filter: string) => {
    const { events } = await by.editor.audit.listEvents({ projectId, filter });
    return events.map(({ sequence }) => sequence);
  };
  expect(await found("type = updated")).toEqual([2n]);
  expect(await found("type != updated OR sequence > 1")).toEqual([2n, 1n]);
  expect(
    await found(`actor_user_id = ${by.editor.who.userId} AND create_time > 2020-01-01T00:00:00Z`),
  ).toEqual([2n, 1n]);
  expect(await found(`actor_user_id = ${randomUUID()}`)).toEqual([]);
});

test("NotFound: the events of an unknown project, and of another organisation's", async () => {
  const { projectId } = await drafted(release(), team(release()));
  for (const id of [randomUUID(), projectId]) {
    const call = team(release()).editor.audit.listEvents({ projectId: id });
    expect(await failureOf(call)).toEqual(missing("project", id));
  }
});

test("InvalidArgument: the page token of another project's events", async () => {
  const by = team(release());
  const [first, second] = [await drafted(release(), by), await drafted(release(), by)];
  await by.editor.projects.updateProject({ project: { projectId: first.projectId, displayName: "renamed" } });
  const { nextPageToken: pageToken } = await by.editor.audit.listEvents({
    projectId: first.projectId,
    pageSize: 1,
  });
  const call = by.editor.audit.listEvents({ projectId: second.projectId, pageToken });
  expect(await failureOf(call)).toMatchObject({ code: "InvalidArgument", reason: "PAGE_TOKEN_INVALID" });
});

test("PermissionDenied: somebody without a role", async () => {
  const { audit } = member(release(), principal({ roles: [] }));
  expect(await failureOf(audit.listEvents({ projectId: randomUUID() }))).toEqual(lacking("projects.read"));
});

import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/orchestration/v1/namespaces_pb.ts";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { discoverTable, query, startOrchestration, type User } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const content = (user: User, process = "identity") => mesh().as(process, NamespaceContentService, user.who);

const set = async (user: User, state: State) => {
  const { orgId } = user.who;
  return (await content(user).setNamespaceState({ orgId, namespace: "team", state })).counts;
};

const create = (user: User) =>
  user.sources.createSource({
    source: {
      displayName: randomUUID(),
      connector: "file",
      settings: { fileId: randomUUID() },
      namespace: "team",
    },
  });

test("OK: SetNamespaceState counts sources, closes, clears a part at a time and opens again", async () => {
  const user = mesh().user();
  const { sourceId } = await discoverTable(mesh(), user, "orders");
  await user.sources.moveSource({ sourceId, namespace: "team" });
  await query(user, sourceId, "FROM orders");
  await mesh().database.sql`
    insert into orchestration.sources (source_id, org_id, namespace, display_name, connector, settings)
    select gen_random_uuid(), org_id, namespace, display_name || n, connector, settings
    from orchestration.sources cross join generate_series(1, 600) n where source_id = ${sourceId}`;
  expect(await set(user, State.CLOSED)).toEqual({ sources: 601n });
  expect(await failureOf(create(user))).toEqual(missing("namespace", "team"));
  expect(await set(user, State.OPEN)).toEqual({ sources: 601n });
  await create(user);
  const left = await set(user, State.CLEARED);
  expect(left).toEqual({ sources: 102n });
  expect(await failureOf(create(user))).toEqual(missing("namespace", "team"));
  expect(await set(user, State.CLEARED)).toEqual({});
  expect((await user.sources.listSources({ namespace: "team" })).sources).toEqual([]);
  expect((await user.catalog.listTables({ namespace: "team" })).tables).toEqual([]);
  expect((await user.executions.listExecutions({ namespace: "team" })).executions).toEqual([]);
  expect(await set(user, State.OPEN)).toEqual({});
  await create(user);
});

test("OK: other namespaces, and those of other organisations, stay as they are", async () => {
  const [user, other] = [mesh().user(), mesh().user()];
  const { sourceId } = await discoverTable(mesh(), user, "orders");
  const { source } = await create(other);
  expect(await set(user, State.CLEARED)).toEqual({});
  expect((await user.sources.getSource({ sourceId })).source?.namespace).toBe("default");
  expect((await other.sources.listSources({ namespace: "team" })).sources).toEqual([source]);
});

test("PermissionDenied: the edge; InvalidArgument: no state", async () => {
  const user = mesh().user();
  const request = { orgId: user.who.orgId, namespace: "team", state: State.CLOSED };
  expect(await failureOf(content(user, "edge").setNamespaceState(request))).toMatchObject({
    code: "PermissionDenied",
  });
  expect(await failureOf(content(user).setNamespaceState({ ...request, state: 0 }))).toMatchObject({
    fields: ["state"],
  });
});

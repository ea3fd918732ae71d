import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { only } from "../storage/namespaces.ts";
import {
  createFileSource,
  discoverTable,
  eventually,
  query,
  startOrchestration,
  type User,
} from "./orchestration.ts";

const mesh = forFile(startOrchestration);

/** The same user with a role in one namespace alone. */
const limited = (user: User, namespace: string, role: string): User =>
  mesh().user(only(user.who, namespace, role));

const move = (user: User, sourceId: string, namespace: string, etag = "") =>
  user.sources.moveSource({ sourceId, namespace, etag });

test("OK: MoveSource takes the tables along, and leaves executions where they were", async () => {
  const admin = mesh().user();
  const { sourceId, table } = await discoverTable(mesh(), admin, "orders");
  const tableId = table?.tableId ?? "";
  await query(admin, sourceId, "FROM orders");
  const nodes = async (user: User) =>
    (await user.lineage.getLineage({ entityId: tableId }).catch(() => undefined))?.nodes.map(
      (node) => node.entityId,
    );
  // Lineage is recorded after the response.
  await eventually(() => nodes(admin)).toContain(tableId);
  const viewer = limited(admin, "there", "viewer");
  expect(await nodes(viewer)).toBeUndefined();
  expect(await failureOf(viewer.sources.getSource({ sourceId }))).toEqual(missing("source", sourceId));
  const { source } = await move(admin, sourceId, "there", "1");
  expect(source).toMatchObject({ sourceId, namespace: "there", etag: "2" });
  expect((await viewer.sources.listSources({})).sources).toEqual([source]);
  expect((await viewer.catalog.getTable({ tableId })).table).toMatchObject({ sourceId, namespace: "there" });
  expect(await nodes(viewer)).toEqual([tableId]);
  expect((await viewer.executions.listExecutions({})).executions).toEqual([]);
  expect((await admin.executions.listExecutions({ namespace: "default" })).executions).toHaveLength(1);
  expect((await admin.sources.listSources({ namespace: "default" })).sources).toEqual([]);
  await query(viewer, sourceId, "FROM orders");
  expect((await viewer.executions.listExecutions({})).executions).toMatchObject([{ namespace: "there" }]);
});

test("NotFound: a source outside of one's namespaces, and a namespace outside of them or that never was", async () => {
  const admin = mesh().user();
  const editor = limited(admin, "here", "editor");
  const sourceId = await createFileSource(mesh(), admin, "a.csv", "a\n1\n");
  for (const id of [sourceId, randomUUID()]) {
    expect(await failureOf(move(editor, id, "here"))).toEqual(missing("source", id));
  }
  await move(admin, sourceId, "here");
  expect(await failureOf(move(editor, sourceId, "there"))).toEqual(missing("namespace", "there"));
  mesh().peers.missingNamespaces.add("nowhere");
  expect(await failureOf(move(admin, sourceId, "nowhere"))).toEqual(missing("namespace", "nowhere"));
});

test("AlreadyExists: a source of that name is there", async () => {
  const admin = mesh().user();
  const create = async (namespace: string) => {
    const settings = { fileId: randomUUID() };
    const source = { displayName: "orders", connector: "file", settings, namespace };
    return (await admin.sources.createSource({ source })).source?.sourceId ?? "";
  };
  const sourceId = await create("here");
  await create("there");
  expect(await failureOf(move(admin, sourceId, "there"))).toMatchObject({
    code: "AlreadyExists",
    reason: "RESOURCE_EXISTS",
  });
  expect((await admin.sources.getSource({ sourceId })).source).toMatchObject({
    namespace: "here",
    etag: "1",
  });
});

test("Aborted, InvalidArgument, PermissionDenied: MoveSource", async () => {
  const admin = mesh().user();
  const sourceId = await createFileSource(mesh(), admin, "a.csv", "a\n1\n");
  expect(await failureOf(move(admin, sourceId, "here", "7"))).toMatchObject({
    code: "Aborted",
    reason: "ETAG_MISMATCH",
  });
  expect(await failureOf(move(admin, sourceId, "a b"))).toMatchObject({ fields: ["namespace"] });
  const viewer: Principal = { ...admin.who, roles: ["viewer"] };
  expect(await failureOf(move(mesh().user(viewer), sourceId, "here"))).toEqual(lacking("sources.write"));
});

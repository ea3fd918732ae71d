import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { Namespace_State, NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { startMesh } from "../contract/mesh.ts";
import { createData, createOrg, upload } from "../contract/things.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { spawnProcess } from "../lib/spawned-process.ts";

const mesh = forFile(startMesh);
const namespacesOf = (who: Principal) => mesh().client(NamespaceService, who);
const filesOf = (who: Principal) => mesh().client(FileService, who);

/** A namespace of a new organisation. */
async function newNamespace() {
  const admin = await createOrg(mesh(), `org-${randomUUID()}`);
  const namespace = "team";
  await namespacesOf(admin).createNamespace({ namespace: { name: namespace } });
  return { admin, namespace };
}

const createSource = (who: Principal, namespace: string) =>
  mesh()
    .client(SourceService, who)
    .createSource({
      source: { displayName: randomUUID(), connector: "file", settings: { fileId: randomUUID() }, namespace },
    });

const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 60_000, interval: 50 });

/** Waits until identity answers again: then nothing can be added. */
const refusedUpload = (who: Principal, namespace: string) =>
  eventually(() => failureOf(filesOf(who).uploadFile(upload(namespace)))).toEqual(
    missing("namespace", namespace),
  );

/** Waits until the namespace is gone. */
const gone = (who: Principal, name: string) =>
  eventually(() => failureOf(namespacesOf(who).getNamespace({ name }))).toEqual(missing("namespace", name));

/** Waits until no deletion is left in the queue. */
const settled = () =>
  eventually(async () => {
    const [row] = await mesh().database.sql`
      select count(*)::int as count from identity_jobs.job where name = 'delete-namespace' and state < 'completed'`;
    return row?.count;
  }).toBe(0);

/** Numbers of rows in a namespace, of each table with one, without those of which there are none. */
async function rowsIn({ orgId }: Principal, namespace: string): Promise<Record<string, number>> {
  const { sql } = mesh().database;
  const [row] = await sql`
    select
      (select count(*)::int from storage.files where org_id = ${orgId} and namespace = ${namespace}) as files,
      (select count(*)::int from orchestration.sources where org_id = ${orgId} and namespace = ${namespace}) as sources,
      (select count(*)::int from orchestration.tables where org_id = ${orgId} and namespace = ${namespace}) as tables,
      (select count(*)::int from orchestration.executions where org_id = ${orgId} and namespace = ${namespace})
        as executions,
      (select count(*)::int from orchestration.lineage_entities
        where org_id = ${orgId} and owner_namespace = ${namespace}) as entities,
      (select count(*)::int from orchestration.lineage_events
        where org_id = ${orgId} and owner_namespace = ${namespace}) as events,
      (select count(*)::int from staging.jobs where org_id = ${orgId} and namespace = ${namespace}) as jobs,
      (select count(*)::int from approval.projects where org_id = ${orgId} and namespace = ${namespace}) as projects,
      (select count(*)::int from identity.grants where org_id = ${orgId} and namespace = ${namespace}) as grants`;
  return Object.fromEntries(Object.entries(row ?? {}).filter(([, count]) => Number(count) > 0));
}

test("OK: DeleteNamespace of an empty one, with its grants, and a new one of that name has nothing of it", async () => {
  const { admin, namespace } = await newNamespace();
  const namespaces = namespacesOf(admin);
  const grant = { grantee: { case: "userId", value: admin.userId }, role: "viewer", namespace } as const;
  await mesh().client(GrantService, admin).createGrant({ grant });
  await namespaces.setPreferences({ namespace, preferences: { theme: "dark" } });
  expect(await namespaces.deleteNamespace({ name: namespace })).not.toHaveProperty("namespace.name");
  expect(await failureOf(namespaces.getNamespace({ name: namespace }))).toEqual(
    missing("namespace", namespace),
  );
  expect(await failureOf(createSource(admin, namespace))).toEqual(missing("namespace", namespace));
  await namespaces.createNamespace({ namespace: { name: namespace } });
  expect((await namespaces.getPreferences({ namespace })).preferences).toEqual({});
  expect((await mesh().client(GrantService, admin).listGrants({ namespace })).grants).toEqual([]);
});

test("OK: a deletion that comes late leaves the new namespace of that name alone", async () => {
  const { admin, namespace } = await newNamespace();
  for (let round = 0; round < 5; round += 1) {
    await namespacesOf(admin).deleteNamespace({ name: namespace });
    await namespacesOf(admin).createNamespace({ namespace: { name: namespace } });
    const { source } = await createSource(admin, namespace);
    await settled();
    const { sources } = await mesh().client(SourceService, admin).listSources({ namespace });
    expect(sources).toEqual([source]);
    await mesh()
      .client(SourceService, admin)
      .deleteSource({ sourceId: source?.sourceId ?? "" });
  }
});

test("FailedPrecondition: one with content, which it counts by kind and leaves open", async () => {
  const { admin, namespace } = await newNamespace();
  await createData(mesh(), admin, namespace);
  expect(await failureOf(namespacesOf(admin).deleteNamespace({ name: namespace }))).toEqual({
    code: "FailedPrecondition",
    reason: "NAMESPACE_NOT_EMPTY",
    metadata: {
      namespace,
      files: "1",
      jobs: "1",
      models: "1",
      projects: "1",
      sources: "1",
      unfinished_uploads: "1",
      vector_collections: "1",
    },
  });
  await filesOf(admin).uploadFile(upload(namespace));
  expect(await rowsIn(admin, namespace)).toMatchObject({
    sources: 1,
    tables: 1,
    events: 1,
    jobs: 1,
    projects: 1,
  });
});

test("OK: force removes everything in it, and nothing beside it", async () => {
  const { admin, namespace } = await newNamespace();
  await createData(mesh(), admin, namespace);
  const { file } = await filesOf(admin).uploadFile(upload("default"));
  const { source } = await createSource(admin, "default");
  const { namespace: deleting } = await namespacesOf(admin).deleteNamespace({ name: namespace, force: true });
  expect(deleting).toMatchObject({ name: namespace, state: Namespace_State.DELETING });
  await gone(admin, namespace);
  expect(await rowsIn(admin, namespace)).toEqual({});
  expect((await filesOf(admin).listFiles({})).files).toEqual([file]);
  expect((await mesh().client(SourceService, admin).listSources({})).sources).toEqual([source]);
});

test("OK: force goes on after the process was killed, and meanwhile nothing can be added", async () => {
  const { admin, namespace } = await newNamespace();
  await createData(mesh(), admin, namespace);
  await mesh().stop("identity");
  const env = Object.entries(mesh().env("identity")).map(([name, value]) => [name.toUpperCase(), value]);
  const spawnIdentity = () => spawnProcess("services/identity/main.ts", Object.fromEntries(env));
  try {
    await using first = await spawnIdentity();
    // The job waits for this lock in the middle of its work.
    await mesh().database.sql.begin(async (locking) => {
      await locking`lock table storage.files in share mode`;
      await namespacesOf(admin).deleteNamespace({ name: namespace, force: true });
      await eventually(() => rowsIn(admin, namespace)).not.toHaveProperty("sources");
      await refusedUpload(admin, namespace);
      await first.kill();
    });
    // A killed process leaves its socket.
    await rm(join(mesh().folder, "identity.sock"));
    expect(await rowsIn(admin, namespace)).toHaveProperty("files");
    await using _second = await spawnIdentity();
    await refusedUpload(admin, namespace);
    await gone(admin, namespace);
    expect(await rowsIn(admin, namespace)).toEqual({});
    await namespacesOf(admin).createNamespace({ namespace: { name: namespace } });
    await filesOf(admin).uploadFile(upload(namespace));
  } finally {
    await rm(join(mesh().folder, "identity.sock"), { force: true });
    await mesh().start("identity");
  }
});

test("FailedPrecondition: what is created at the same time is counted, or refused", async () => {
  const { admin, namespace } = await newNamespace();
  for (let round = 0; round < 3; round += 1) {
    const deleting = namespacesOf(admin).deleteNamespace({ name: namespace });
    const creating = [createSource(admin, namespace), filesOf(admin).uploadFile(upload(namespace))];
    const [deleted, ...created] = await Promise.allSettled([deleting, ...creating]);
    const left = await rowsIn(admin, namespace);
    const count = created.filter(({ status }) => status === "fulfilled").length;
    expect(Object.values(left).reduce((sum, rows) => sum + rows, 0)).toBe(count);
    const refused = created.filter((each) => each.status === "rejected");
    for (const { reason } of refused) expect(ConnectError.from(reason).code).toBe(Code.NotFound);
    if (deleted.status === "rejected") {
      expect(ConnectError.from(deleted.reason).findDetails(ErrorInfoSchema)).toMatchObject([
        { reason: "NAMESPACE_NOT_EMPTY" },
      ]);
      await namespacesOf(admin).deleteNamespace({ name: namespace, force: true });
      await gone(admin, namespace);
    } else {
      expect(count).toBe(0);
    }
    await settled();
    await namespacesOf(admin).createNamespace({ namespace: { name: namespace } });
  }
});

test("Unavailable: a service that could have content is stopped; then the namespace is open as before", async () => {
  const { admin, namespace } = await newNamespace();
  await mesh().stop("staging");
  try {
    expect(await failureOf(namespacesOf(admin).deleteNamespace({ name: namespace }))).toEqual({
      code: "Unavailable",
      reason: "UPSTREAM_UNAVAILABLE",
      metadata: { peer: "staging" },
    });
    await createSource(admin, namespace);
  } finally {
    await mesh().start("staging");
  }
  await eventually(() => failureOf(namespacesOf(admin).deleteNamespace({ name: namespace }))).toMatchObject({
    metadata: { namespace, sources: "1" },
  });
});

test("InvalidArgument: default; NotFound: none, and one without a role in it; PermissionDenied: an editor", async () => {
  const { admin, namespace } = await newNamespace();
  expect(await failureOf(namespacesOf(admin).deleteNamespace({ name: "default" }))).toMatchObject({
    code: "InvalidArgument",
    reason: "NAMESPACE_RESERVED",
  });
  const name = randomUUID();
  expect(await failureOf(namespacesOf(admin).deleteNamespace({ name }))).toEqual(missing("namespace", name));
  const elsewhere = { ...admin, roles: [], grants: [{ namespace: "default", roles: ["admin"] }] };
  expect(await failureOf(namespacesOf(elsewhere).deleteNamespace({ name: namespace }))).toEqual(
    missing("namespace", namespace),
  );
  const editor = { ...admin, roles: ["editor"] };
  expect(await failureOf(namespacesOf(editor).deleteNamespace({ name: namespace }))).toEqual(
    lacking("namespaces.write"),
  );
});

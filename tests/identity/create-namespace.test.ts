import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, lacking, newEditor, newOrg, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);
const as = (who: Principal) => identity().client(NamespaceService, who);
/** The principal without roles in the organisation, but with one in a namespace. */
const only = (who: Principal, namespace: string, role: string): Principal => ({
  ...who,
  roles: [],
  grants: [{ namespace, roles: [role] }],
});

test("OK: CreateNamespace, once for a request_id", async () => {
  const { admin } = await newOrg(identity());
  const request = {
    namespace: { name: "Team-1_a", displayName: "Team", description: "Ours", properties: { cost: "7" } },
    requestId: randomUUID(),
  };
  const { namespace } = await as(admin).createNamespace(request);
  expect(namespace).toMatchObject({ ...request.namespace, state: 1, etag: "1" });
  expect((await as(admin).createNamespace(request)).namespace).toEqual(namespace);
  await as((await newOrg(identity())).admin).createNamespace(request);
});

test("AlreadyExists: the name, and the request_id with another body", async () => {
  const { admin } = await newOrg(identity());
  const requestId = randomUUID();
  await as(admin).createNamespace({ namespace: { name: "team" }, requestId });
  expect(await failureOf(as(admin).createNamespace({ namespace: { name: "team" } }))).toEqual({
    code: "AlreadyExists",
    reason: "RESOURCE_EXISTS",
    metadata: { namespace: "team" },
  });
  const other = as(admin).createNamespace({ namespace: { name: "other" }, requestId });
  expect(await failureOf(other)).toMatchObject({ code: "AlreadyExists", reason: "REQUEST_ID_REUSED" });
});

test.each(["default", "system", "cdap", "sluice"])("InvalidArgument: the reserved name %s", async (name) => {
  const { admin } = await newOrg(identity());
  expect(await failureOf(as(admin).createNamespace({ namespace: { name } }))).toEqual({
    code: "InvalidArgument",
    reason: "NAMESPACE_RESERVED",
    metadata: { namespace: name },
  });
});

test.each(["", "a b", "a.b", "é", "a".repeat(257), "a'; drop table identity.orgs; --", "ｔｅａｍ", "a\0"])(
  "InvalidArgument: the name %j",
  async (name) => {
    const { admin } = await newOrg(identity());
    const failure = await failureOf(as(admin).createNamespace({ namespace: { name } }));
    expect(failure).toMatchObject({ code: "InvalidArgument" });
  },
);

test("PermissionDenied: an editor, and an administrator of one namespace", async () => {
  const { admin } = await newOrg(identity());
  const editor = await newEditor(identity(), admin);
  for (const who of [editor, only(admin, "default", "admin")]) {
    const call = as(who).createNamespace({ namespace: { name: "team" } });
    expect(await failureOf(call)).toEqual(lacking("namespaces.create"));
  }
});

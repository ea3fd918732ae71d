import { expect, test } from "vitest";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, lacking, newOrg, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);
const as = (who: Principal) => identity().client(NamespaceService, who);
/** The principal without roles in the organisation, but with one in a namespace. */
const only = (who: Principal, namespace: string, role: string): Principal => ({
  ...who,
  roles: [],
  grants: [{ namespace, roles: [role] }],
});

const names = async (who: Principal, request = {}) =>
  (await as(who).listNamespaces(request)).namespaces.map(({ name }) => name);

test("OK: ListNamespaces pages through the organisation's, newest first or by name, and shows those with a role only", async () => {
  const { admin } = await newOrg(identity());
  for (const name of ["b", "a", "c"]) await as(admin).createNamespace({ namespace: { name } });
  expect(await names(admin)).toEqual(["c", "a", "b", "default"]);
  const byName = { pageSize: 3, orderBy: "name" };
  const first = await as(admin).listNamespaces(byName);
  const last = await as(admin).listNamespaces({ ...byName, pageToken: first.nextPageToken });
  expect([...first.namespaces, ...last.namespaces].map(({ name }) => name)).toEqual([
    "a",
    "b",
    "c",
    "default",
  ]);
  expect(last.nextPageToken).toBe("");
  expect(await names(only(admin, "b", "viewer"))).toEqual(["b"]);
  expect(await names((await newOrg(identity())).admin)).toEqual(["default"]);
});

test("InvalidArgument: a page token of another list; PermissionDenied: no role", async () => {
  const { admin } = await newOrg(identity());
  expect(await failureOf(as(admin).listNamespaces({ pageToken: "?" }))).toMatchObject({
    reason: "PAGE_TOKEN_INVALID",
  });
  expect(await failureOf(as({ ...admin, roles: [] }).listNamespaces({}))).toEqual(lacking("namespaces.read"));
});

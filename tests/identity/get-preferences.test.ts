import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, lacking, missing, newOrg, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);
const as = (who: Principal) => identity().client(NamespaceService, who);
/** The principal without roles in the organisation, but with one in a namespace. */
const only = (who: Principal, namespace: string, role: string): Principal => ({
  ...who,
  roles: [],
  grants: [{ namespace, roles: [role] }],
});

test("OK: GetPreferences of a namespace, resolved with the organisation's", async () => {
  const { admin } = await newOrg(identity());
  await as(admin).createNamespace({ namespace: { name: "team" } });
  await as(admin).setPreferences({ preferences: { color: "red", size: "1" } });
  await as(admin).setPreferences({ namespace: "team", preferences: { size: "2" } });
  const viewer = only(admin, "team", "viewer");
  const read = async (request: object) => (await as(viewer).getPreferences(request)).preferences;
  expect(await read({ namespace: "team" })).toEqual({ size: "2" });
  expect(await read({ namespace: "team", resolved: true })).toEqual({ color: "red", size: "2" });
  expect(await read({})).toEqual({ color: "red", size: "1" });
  expect((await as((await newOrg(identity())).admin).getPreferences({})).preferences).toEqual({});
});

test("NotFound: GetPreferences of a namespace without a role in it, and of none", async () => {
  const { admin } = await newOrg(identity());
  for (const [who, namespace] of [
    [only(admin, "team", "admin"), "default"],
    [admin, randomUUID()],
  ] as const) {
    expect(await failureOf(as(who).getPreferences({ namespace }))).toEqual(missing("namespace", namespace));
  }
});

test("PermissionDenied: no role", async () => {
  const { admin } = await newOrg(identity());
  expect(await failureOf(as({ ...admin, roles: [] }).getPreferences({}))).toEqual(lacking("namespaces.read"));
});

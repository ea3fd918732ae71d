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

test("OK: GetNamespace of one's own namespace, and default exists in every organisation", async () => {
  const { admin } = await newOrg(identity());
  const { namespace } = await as(admin).createNamespace({ namespace: { name: "team" } });
  expect((await as(only(admin, "team", "viewer")).getNamespace({ name: "team" })).namespace).toEqual(
    namespace,
  );
  expect((await as(admin).getNamespace({ name: "default" })).namespace).toMatchObject({ name: "default" });
});

test("NotFound: another organisation's, one without a role in it, and none", async () => {
  const { admin } = await newOrg(identity());
  const other = (await newOrg(identity())).admin;
  await as(other).createNamespace({ namespace: { name: "theirs" } });
  await as(admin).createNamespace({ namespace: { name: "hidden" } });
  for (const [who, name] of [
    [admin, "theirs"],
    [only(admin, "default", "admin"), "hidden"],
    [admin, randomUUID()],
  ] as const) {
    expect(await failureOf(as(who).getNamespace({ name }))).toEqual(missing("namespace", name));
  }
});

test("InvalidArgument: a name that none can have; PermissionDenied: no role", async () => {
  const { admin } = await newOrg(identity());
  expect(await failureOf(as(admin).getNamespace({ name: "a/b" }))).toMatchObject({ fields: ["name"] });
  const call = as({ ...admin, roles: [] }).getNamespace({ name: "default" });
  expect(await failureOf(call)).toEqual(lacking("namespaces.read"));
});

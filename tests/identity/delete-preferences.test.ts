import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, lacking, missing, newEditor, newOrg, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);
const as = (who: Principal) => identity().client(NamespaceService, who);
/** The principal without roles in the organisation, but with one in a namespace. */
const only = (who: Principal, namespace: string, role: string): Principal => ({
  ...who,
  roles: [],
  grants: [{ namespace, roles: [role] }],
});

test("OK: DeletePreferences removes all, and is safe to repeat", async () => {
  const { admin } = await newOrg(identity());
  await as(admin).setPreferences({ preferences: { a: "1" } });
  await as(admin).setPreferences({ namespace: "default", preferences: { b: "2" } });
  await as(admin).deletePreferences({});
  await as(admin).deletePreferences({});
  const resolved = await as(admin).getPreferences({ namespace: "default", resolved: true });
  expect(resolved.preferences).toEqual({ b: "2" });
});

test("NotFound: DeletePreferences of a namespace without a role in it, and of none", async () => {
  const { admin } = await newOrg(identity());
  for (const [who, namespace] of [
    [only(admin, "team", "admin"), "default"],
    [admin, randomUUID()],
  ] as const) {
    expect(await failureOf(as(who).deletePreferences({ namespace }))).toEqual(
      missing("namespace", namespace),
    );
  }
});

test("PermissionDenied: an editor, and the organisation's by an administrator of one namespace", async () => {
  const { admin } = await newOrg(identity());
  const editor = await newEditor(identity(), admin);
  for (const who of [editor, only(admin, "default", "admin")]) {
    expect(await failureOf(as(who).deletePreferences({}))).toEqual(lacking("namespaces.write"));
  }
});

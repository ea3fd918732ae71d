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

test("OK: SetPreferences replaces all of a namespace's, or the organisation's", async () => {
  const { admin } = await newOrg(identity());
  const preferences = { ключ: "значение", a: "" };
  await as(admin).setPreferences({ namespace: "default", preferences: { gone: "1" } });
  expect(
    (await as(only(admin, "default", "admin")).setPreferences({ namespace: "default", preferences }))
      .preferences,
  ).toEqual(preferences);
  expect((await as(admin).getPreferences({ namespace: "default" })).preferences).toEqual(preferences);
});

test("InvalidArgument: too many, an empty name, a long value", async () => {
  const { admin } = await newOrg(identity());
  const many = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [String(index), ""]));
  for (const preferences of [many, { "": "x" }, { a: "x".repeat(4001) }]) {
    expect(await failureOf(as(admin).setPreferences({ preferences }))).toMatchObject({
      code: "InvalidArgument",
    });
  }
});

test("NotFound: SetPreferences of a namespace without a role in it, and of none", async () => {
  const { admin } = await newOrg(identity());
  for (const [who, namespace] of [
    [only(admin, "team", "admin"), "default"],
    [admin, randomUUID()],
  ] as const) {
    expect(await failureOf(as(who).setPreferences({ namespace, preferences: {} }))).toEqual(
      missing("namespace", namespace),
    );
  }
});

test("PermissionDenied: an editor, and the organisation's by an administrator of one namespace", async () => {
  const { admin } = await newOrg(identity());
  const editor = await newEditor(identity(), admin);
  for (const who of [editor, only(admin, "default", "admin")]) {
    expect(await failureOf(as(who).setPreferences({ preferences: {} }))).toEqual(lacking("namespaces.write"));
  }
});

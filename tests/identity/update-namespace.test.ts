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

test("OK: UpdateNamespace by an administrator of that namespace", async () => {
  const { admin } = await newOrg(identity());
  await as(admin).createNamespace({ namespace: { name: "team", displayName: "Team" } });
  const first = await as(only(admin, "team", "admin")).updateNamespace({
    namespace: { name: "team", description: "Ours", etag: "1" },
  });
  expect(first.namespace).toMatchObject({ displayName: "Team", description: "Ours", etag: "2" });
  const paths = ["display_name", "properties"];
  const second = await as(admin).updateNamespace({ namespace: { name: "team" }, updateMask: { paths } });
  expect(second.namespace).toMatchObject({ displayName: "", properties: {}, description: "Ours", etag: "3" });
});

test("Aborted: an etag of before", async () => {
  const { admin } = await newOrg(identity());
  const call = as(admin).updateNamespace({ namespace: { name: "default", displayName: "x", etag: "9" } });
  expect(await failureOf(call)).toMatchObject({ code: "Aborted", reason: "ETAG_MISMATCH" });
});

test("NotFound, InvalidArgument, PermissionDenied: UpdateNamespace", async () => {
  const { admin } = await newOrg(identity());
  const name = randomUUID();
  const update = (who: Principal, namespace: object) => as(who).updateNamespace({ namespace });
  expect(await failureOf(update(admin, { name, displayName: "x" }))).toEqual(missing("namespace", name));
  const elsewhere = only(admin, "other", "admin");
  expect(await failureOf(update(elsewhere, { name: "default", displayName: "x" }))).toEqual(
    missing("namespace", "default"),
  );
  expect(await failureOf(as(admin).updateNamespace({}))).toMatchObject({ fields: ["namespace"] });
  expect(
    await failureOf(
      as(admin).updateNamespace({ namespace: { name: "default" }, updateMask: { paths: ["state"] } }),
    ),
  ).toMatchObject({ fields: ["update_mask"] });
  const editor = await newEditor(identity(), admin);
  expect(await failureOf(update(editor, { name: "default", displayName: "x" }))).toEqual(
    lacking("namespaces.write"),
  );
});

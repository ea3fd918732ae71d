import { expect, test } from "vitest";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, lacking, newEditor, newOrg, newUser, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);
const as = (who: Principal) => identity().client(GrantService, who);

test("OK: ListGrants filters, pages, and shows those of one's namespaces only", async () => {
  const { admin } = await newOrg(identity());
  const { userId } = await newUser(identity(), admin, { roles: ["viewer"] });
  const grantee = { case: "userId" as const, value: userId };
  await as(admin).createGrant({ grant: { grantee, role: "editor", namespace: "default" } });
  await as(admin).createGrant({ grant: { grantee: { case: "group", value: "g" }, role: "viewer" } });
  const roles = async (who: Principal, request: object) =>
    (await as(who).listGrants(request)).grants.map(({ role }) => role).sort();
  expect(await roles(admin, {})).toEqual(["admin", "editor", "viewer", "viewer"]);
  expect(await roles(admin, { userId })).toEqual(["editor", "viewer"]);
  expect(await roles(admin, { group: "g" })).toEqual(["viewer"]);
  expect(await roles(admin, { namespace: "default" })).toEqual(["editor"]);
  const steward: Principal = { ...admin, roles: [], grants: [{ namespace: "default", roles: ["admin"] }] };
  expect(await roles(steward, {})).toEqual(["editor"]);
  const first = await as(admin).listGrants({ pageSize: 3 });
  const last = await as(admin).listGrants({ pageSize: 3, pageToken: first.nextPageToken });
  expect(new Set([...first.grants, ...last.grants].map(({ grantId }) => grantId)).size).toBe(4);
  expect(last.nextPageToken).toBe("");
});

test("InvalidArgument: a page token of another filter; PermissionDenied: an editor", async () => {
  const { admin } = await newOrg(identity());
  expect(await failureOf(as(admin).listGrants({ pageToken: "?" }))).toMatchObject({
    reason: "PAGE_TOKEN_INVALID",
  });
  const editor = await newEditor(identity(), admin);
  expect(await failureOf(as(editor).listGrants({}))).toEqual(lacking("grants.read"));
});

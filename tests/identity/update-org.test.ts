import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, missing, newOrg, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

const orgsAs = (who = identity().root) => identity().client(OrgService, who);

test("OK: UpdateOrg changes the display name, of any organisation for a platform administrator", async () => {
  const { admin, orgId } = await newOrg(identity());
  const first = await orgsAs(admin).updateOrg({ org: { orgId, displayName: "One", etag: "1" } });
  expect(first.org).toMatchObject({ displayName: "One", etag: "2" });
  const second = await orgsAs().updateOrg({ org: { orgId }, updateMask: { paths: ["display_name"] } });
  expect(second.org).toMatchObject({ displayName: "", etag: "3" });
});

test("Aborted: UpdateOrg with an etag of before", async () => {
  const { admin, orgId } = await newOrg(identity());
  const call = orgsAs(admin).updateOrg({ org: { orgId, displayName: "One", etag: "7" } });
  expect(await failureOf(call)).toEqual({
    code: "Aborted",
    reason: "ETAG_MISMATCH",
    metadata: { org: orgId },
  });
});

test("PermissionDenied: UpdateOrg by an editor", async () => {
  const caller = principal({ roles: ["editor"] });
  const call = orgsAs(caller).updateOrg({ org: { orgId: caller.orgId, displayName: "x" } });
  expect(await failureOf(call)).toEqual(lacking("orgs.write"));
});

test("NotFound: an unknown organisation, and another's", async () => {
  const { admin } = await newOrg(identity());
  const { orgId: foreign } = await newOrg(identity());
  for (const orgId of [foreign, randomUUID()]) {
    const call = orgsAs(admin).updateOrg({ org: { orgId, displayName: "Mine" } });
    expect(await failureOf(call)).toEqual(missing("org", orgId));
  }
});

test("InvalidArgument: no organisation, and a field that can't be changed", async () => {
  const orgs = orgsAs(principal());
  const org = { orgId: randomUUID(), name: "x" };
  expect(await failureOf(orgs.updateOrg({}))).toEqual({ code: "InvalidArgument", fields: ["org"] });
  expect(await failureOf(orgs.updateOrg({ org, updateMask: { paths: ["name"] } }))).toEqual({
    code: "InvalidArgument",
    fields: ["update_mask"],
  });
});

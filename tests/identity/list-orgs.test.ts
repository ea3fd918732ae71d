import { expect, test } from "vitest";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, newOrg, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

const orgsAs = (who = identity().root) => identity().client(OrgService, who);

test("OK: the own organisation, and every one to a platform administrator, page by page", async () => {
  const { admin, orgId } = await newOrg(identity());
  const own = await orgsAs(admin).listOrgs({});
  expect(own).toMatchObject({ orgs: [{ orgId }], nextPageToken: "" });
  const first = await orgsAs().listOrgs({ pageSize: 1 });
  const others = await orgsAs().listOrgs({ pageSize: 1000, pageToken: first.nextPageToken });
  expect(others.nextPageToken).toBe("");
  expect([...first.orgs, ...others.orgs]).toEqual((await orgsAs().listOrgs({ pageSize: 1000 })).orgs);
  expect(first.orgs).toEqual(own.orgs);
});

test("InvalidArgument: a wrong page", async () => {
  expect(await failureOf(orgsAs().listOrgs({ pageSize: 1001 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(orgsAs().listOrgs({ pageToken: "?" }))).toMatchObject({
    code: "InvalidArgument",
    reason: "PAGE_TOKEN_INVALID",
  });
});

test("PermissionDenied: a user without a role", async () => {
  expect(await failureOf(orgsAs(principal({ roles: [] })).listOrgs({}))).toEqual(lacking("orgs.read"));
});

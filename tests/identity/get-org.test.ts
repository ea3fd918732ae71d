import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { OrgService } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, missing, newOrg, newUser, principalOf, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

const orgsAs = (who = identity().root) => identity().client(OrgService, who);

test("OK: GetOrg and ListOrgs answer the own organisation, and every one to a platform administrator", async () => {
  const { admin, orgId } = await newOrg(identity());
  const viewer = principalOf(await newUser(identity(), admin));
  const { org } = await orgsAs(viewer).getOrg({ orgId });
  expect(org).toMatchObject({ orgId, displayName: "An organisation" });
  expect((await orgsAs(viewer).listOrgs({})).orgs).toEqual([org]);
  expect(await orgsAs().getOrg({ orgId })).toMatchObject({ org });

  const everyone = await orgsAs().listOrgs({ pageSize: 1000 });
  expect(everyone.orgs).toContainEqual(org);
  const paged = [];
  for (let pageToken = "", first = true; first || pageToken; first = false) {
    const page = await orgsAs().listOrgs({ pageSize: 2, pageToken });
    paged.push(...page.orgs);
    pageToken = page.nextPageToken;
  }
  expect(paged).toEqual(everyone.orgs);
});

test("NotFound: GetOrg and UpdateOrg of an unknown organisation and of another's", async () => {
  const { admin } = await newOrg(identity());
  const { orgId: foreign } = await newOrg(identity());
  for (const [caller, orgId] of [
    [admin, foreign],
    [admin, randomUUID()],
    [identity().root, randomUUID()],
  ] as const) {
    const orgs = orgsAs(caller);
    expect(await failureOf(orgs.getOrg({ orgId }))).toEqual(missing("org", orgId));
    expect(await failureOf(orgs.updateOrg({ org: { orgId, displayName: "Mine" } }))).toEqual(
      missing("org", orgId),
    );
  }
});

test("InvalidArgument: GetOrg, ListOrgs and UpdateOrg", async () => {
  const orgs = orgsAs(principal());
  const orgId = randomUUID();
  expect(await failureOf(orgs.getOrg({ orgId: "main" }))).toMatchObject({ fields: ["org_id"] });
  expect(await failureOf(orgs.listOrgs({ pageSize: 1001 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(orgs.listOrgs({ pageToken: "?" }))).toMatchObject({ reason: "PAGE_TOKEN_INVALID" });
  expect(await failureOf(orgs.updateOrg({}))).toMatchObject({ fields: ["org"] });
  expect(await failureOf(orgs.updateOrg({ org: { displayName: "x" } }))).toMatchObject({ fields: ["org"] });
  expect(
    await failureOf(orgs.updateOrg({ org: { orgId, name: "x" }, updateMask: { paths: ["name"] } })),
  ).toMatchObject({ fields: ["update_mask"] });
  expect(await failureOf(orgs.updateOrg({ org: { orgId, displayName: "line\nbreak" } }))).toMatchObject({
    fields: ["org.display_name"],
  });
});

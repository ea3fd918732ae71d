import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { DelegationService } from "../../gen/sluice/identity/v1/delegation_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { externalIdsAs, mayNotDelegate, newDelegatingKey } from "./delegation-scene.ts";
import { failureOf, lacking, missing, newOrg, newUser, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: PutExternalId sets what an id means, replaces it, and is audited in the organisation", async () => {
  const { orgId, admin, user } = await newOrg(identity());
  const other = await newUser(identity(), admin);
  const key = await newDelegatingKey(identity(), { orgIds: [orgId] });
  const ids = externalIdsAs(identity(), key);
  const named = { kind: "user", externalId: "a/7", orgId };
  const { externalId: first } = await ids.putExternalId({ ...named, userId: user.userId });
  expect(first).toEqual({
    $typeName: "sluice.identity.v1.ExternalId",
    ...named,
    userId: user.userId,
    createTime: expect.anything(),
  });
  const { externalId: second } = await ids.putExternalId({ ...named, userId: other.userId });
  expect(second).toEqual({ ...first, userId: other.userId });
  const events = await identity().database.sql`
    select actor_api_key_id, resource, details_json from identity.audit_events
    where org_id = ${orgId} and kind = 'external_id.put' order by sequence`;
  const details_json = JSON.stringify({ apiKeyId: key.apiKeyId, externalId: "a/7" });
  expect([...events]).toEqual(
    [user, other].map(({ userId }) => ({
      actor_api_key_id: key.apiKeyId,
      resource: `users/${userId}`,
      details_json,
    })),
  );
});

test("NotFound: PutExternalId for an organisation that is not the key's, and a user of another one", async () => {
  const { orgId } = await newOrg(identity());
  const { orgId: foreign, user: stranger } = await newOrg(identity());
  const gone = randomUUID();
  const ids = externalIdsAs(identity(), await newDelegatingKey(identity(), { orgIds: [orgId, gone] }));
  const org = { kind: "org", externalId: "1", orgId: foreign };
  expect(await failureOf(ids.putExternalId(org))).toEqual(missing("org", foreign));
  expect(await failureOf(ids.putExternalId({ ...org, orgId: gone }))).toEqual(missing("org", gone));
  const user = { kind: "user", externalId: "1", orgId, userId: stranger.userId };
  expect(await failureOf(ids.putExternalId(user))).toEqual(missing("user", stranger.userId));
});

test("InvalidArgument: PutExternalId of a wrong kind, with text that is no header, or without its user", async () => {
  const { orgId, user } = await newOrg(identity());
  const ids = externalIdsAs(identity(), await newDelegatingKey(identity(), { orgIds: [orgId] }));
  const valid = { kind: "user", externalId: "1", orgId, userId: user.userId };
  for (const [wrong, field] of [
    [{ externalId: "" }, "external_id"],
    [{ externalId: "1, 2" }, "external_id"],
    [{ externalId: "x".repeat(256) }, "external_id"],
    [{ kind: "group" }, "kind"],
    [{ orgId: "1" }, "org_id"],
    [{ userId: "" }, "request"],
    [{ kind: "org" }, "request"],
  ] as const) {
    const failed = await failureOf(ids.putExternalId({ ...valid, ...wrong }));
    expect(failed).toMatchObject({ code: "InvalidArgument", fields: expect.arrayContaining([field]) });
  }
});

test("PermissionDenied: PutExternalId by an administrator, a login, and a key that may no longer", async () => {
  const { orgId, admin } = await newOrg(identity());
  const request = { kind: "org", externalId: "1", orgId };
  const put = (who: typeof admin) => identity().client(DelegationService, who).putExternalId(request);
  expect(await failureOf(put(admin))).toEqual(lacking("principals.delegate"));
  const { who } = await newDelegatingKey(identity(), { orgIds: [orgId] });
  const { apiKeyId: _, ...login } = who;
  expect(await failureOf(put(login))).toEqual(mayNotDelegate);
  expect(await failureOf(put({ ...who, apiKeyId: randomUUID() }))).toEqual(mayNotDelegate);
});

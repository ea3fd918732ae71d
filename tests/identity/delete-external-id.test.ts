import { expect, test } from "vitest";
import { DelegationService } from "../../gen/sluice/identity/v1/delegation_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { delegateUnknown, externalIdsAs, newDelegatingKey, resolveDelegate } from "./delegation-scene.ts";
import { failureOf, lacking, missing, newOrg, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: DeleteExternalId removes an id, which then names nothing", async () => {
  const { orgId } = await newOrg(identity());
  const key = await newDelegatingKey(identity(), { orgIds: [orgId] });
  const ids = externalIdsAs(identity(), key);
  const named = { kind: "org", externalId: "1" };
  await ids.putExternalId({ ...named, orgId });
  expect(await resolveDelegate(identity(), key, { org: "1" })).toMatchObject({ orgId });
  expect(await ids.deleteExternalId(named)).toEqual({
    $typeName: "sluice.identity.v1.DeleteExternalIdResponse",
  });
  const call = resolveDelegate(identity(), key, { org: "1" });
  expect(await failureOf(call)).toEqual(delegateUnknown("X-Org-ID"));
});

test("NotFound: DeleteExternalId of an unknown id, of another kind, and of another key", async () => {
  const { orgId } = await newOrg(identity());
  const key = await newDelegatingKey(identity(), { orgIds: [orgId] });
  const other = await newDelegatingKey(identity(), { orgIds: [orgId] });
  await externalIdsAs(identity(), other).putExternalId({ kind: "org", externalId: "1", orgId });
  for (const kind of ["org", "user"]) {
    const call = externalIdsAs(identity(), key).deleteExternalId({ kind, externalId: "1" });
    expect(await failureOf(call)).toEqual(missing("external_id", "1"));
  }
  const wrong = externalIdsAs(identity(), other).deleteExternalId({ kind: "user", externalId: "1" });
  expect(await failureOf(wrong)).toEqual(missing("external_id", "1"));
});

test("PermissionDenied: DeleteExternalId by an administrator", async () => {
  const { admin } = await newOrg(identity());
  const request = { kind: "org", externalId: "1" };
  const call = identity().client(DelegationService, admin).deleteExternalId(request);
  expect(await failureOf(call)).toEqual(lacking("principals.delegate"));
});

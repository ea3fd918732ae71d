import { expect, test } from "vitest";
import { DelegationService } from "../../gen/sluice/identity/v1/delegation_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { externalIdsAs, newDelegatingKey } from "./delegation-scene.ts";
import { failureOf, lacking, newOrg, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: ListExternalIds answers the ids of the key alone, newest first, page by page", async () => {
  const { orgId } = await newOrg(identity());
  const key = await newDelegatingKey(identity(), { orgIds: [orgId] });
  const other = await newDelegatingKey(identity(), { orgIds: [orgId] });
  for (const externalId of ["1", "2", "3"]) {
    await externalIdsAs(identity(), key).putExternalId({ kind: "org", externalId, orgId });
  }
  await externalIdsAs(identity(), other).putExternalId({ kind: "org", externalId: "1", orgId });
  const list = (request: object) => externalIdsAs(identity(), key).listExternalIds(request);
  const first = await list({ pageSize: 2 });
  const rest = await list({ pageSize: 2, pageToken: first.nextPageToken });
  const ids = [...first.externalIds, ...rest.externalIds].map(({ externalId }) => externalId);
  expect([ids, rest.nextPageToken]).toEqual([["3", "2", "1"], ""]);
  // A place in the list of another key is a place in the caller's own.
  const foreign = externalIdsAs(identity(), other).listExternalIds({ pageToken: first.nextPageToken });
  expect((await foreign).externalIds).toEqual([]);
});

test("InvalidArgument: ListExternalIds of too large a page, and with a forged token", async () => {
  const ids = externalIdsAs(identity(), await newDelegatingKey(identity(), { orgIds: [] }));
  const large = ids.listExternalIds({ pageSize: 1001 });
  expect(await failureOf(large)).toEqual({ code: "InvalidArgument", fields: ["page_size"] });
  const forged = ids.listExternalIds({ pageToken: "x" });
  expect(await failureOf(forged)).toMatchObject({ reason: "PAGE_TOKEN_INVALID" });
});

test("PermissionDenied: ListExternalIds by an administrator", async () => {
  const { admin } = await newOrg(identity());
  const list = identity().client(DelegationService, admin).listExternalIds({});
  expect(await failureOf(list)).toEqual(lacking("principals.delegate"));
});

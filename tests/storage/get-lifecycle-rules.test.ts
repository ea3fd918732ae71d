import { expect, test } from "vitest";
import { LifecycleService } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { startStorage } from "./fixtures.ts";
import { coolAfter, setRules } from "./lifecycle-fixtures.ts";

const storage = forFile(startStorage);

test("OK: GetLifecycleRules returns none before some were set, and then these, to a viewer, too", async () => {
  const who = principal();
  const viewer = { ...who, roles: ["viewer"] };
  const get = () => storage().client(LifecycleService, viewer).getLifecycleRules({});
  expect(await get()).toMatchObject({ rules: [], etag: "0" });
  await setRules(storage(), who, [coolAfter(3)]);
  expect(await get()).toMatchObject({ rules: [coolAfter(3)], etag: "1" });
});

test("NotFound: a namespace in which the caller has no role", async () => {
  const grants = [{ namespace: "lab", roles: ["viewer"] }];
  const client = storage().client(LifecycleService, principal({ roles: [], grants }));
  expect(await failureOf(client.getLifecycleRules({ namespace: "default" }))).toEqual(
    missing("namespace", "default"),
  );
});

test("PermissionDenied: somebody without a role", async () => {
  const client = storage().client(LifecycleService, principal({ roles: [] }));
  expect(await failureOf(client.getLifecycleRules({}))).toEqual(lacking("storage.lifecycle.read"));
});

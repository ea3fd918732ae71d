import { expect, test } from "vitest";
import { FileCategory } from "../../gen/sluice/storage/v1/files_pb.ts";
import { LifecycleAction as Action, LifecycleService } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { coolAfter, expireAfter, setRules } from "./lifecycle-fixtures.ts";
import { newOrgWith, only, startStorageWithIdentity } from "./namespaces.ts";

const scene = forFile(startStorageWithIdentity);

test("OK: SetLifecycleRules replaces those of the organisation or of a namespace, which do not touch each other", async () => {
  const { storage, identity } = scene();
  const admin = await newOrgWith(identity, "lab");
  const rules = [expireAfter(30, { prefix: "tmp-" }), coolAfter(7)];
  const stored = await setRules(storage, admin, rules);
  expect(stored).toMatchObject({ rules, etag: "1" });
  const ofLab = await setRules(storage, only(admin, "lab", "admin"), [coolAfter(1)], "lab");
  expect(ofLab).toMatchObject({ rules: [{ name: "cool-1" }], etag: "1" });
  const client = storage.client(LifecycleService, admin);
  expect(await client.getLifecycleRules({})).toMatchObject({ rules, etag: "1" });
  expect(await client.setLifecycleRules({ rules: [], etag: "1" })).toMatchObject({ rules: [], etag: "2" });
  expect(await client.getLifecycleRules({ namespace: "lab" })).toMatchObject({ rules: ofLab.rules });
});

test("Aborted: an etag of before", async () => {
  const admin = await newOrgWith(scene().identity);
  const client = scene().storage.client(LifecycleService, admin);
  await client.setLifecycleRules({ rules: [coolAfter(1)], etag: "0" });
  expect(await failureOf(client.setLifecycleRules({ rules: [], etag: "0" }))).toEqual({
    code: "Aborted",
    reason: "ETAG_MISMATCH",
    metadata: { lifecycle: admin.orgId },
  });
});

test("PermissionDenied: rules of the organisation by an administrator of a namespace, and an editor's", async () => {
  const { storage, identity } = scene();
  const admin = await newOrgWith(identity, "lab");
  const denied = lacking("storage.lifecycle.write");
  expect(await failureOf(setRules(storage, only(admin, "lab", "admin"), []))).toEqual(denied);
  expect(await failureOf(setRules(storage, { ...admin, roles: ["editor"] }, []))).toEqual(denied);
});

test("NotFound: a namespace that does not exist, or is another one's", async () => {
  const { storage, identity } = scene();
  const admin = await newOrgWith(identity, "lab", "field");
  expect(await failureOf(setRules(storage, admin, [], "never"))).toEqual(missing("namespace", "never"));
  const other = only(admin, "lab", "admin");
  expect(await failureOf(setRules(storage, other, [], "field"))).toEqual(missing("namespace", "field"));
});

test.each([
  ["no condition", { name: "a", action: Action.EXPIRE }, "rules[0]"],
  ["no action", expireAfter(1, { action: Action.UNSPECIFIED }), "rules[0].action"],
  ["no name", expireAfter(1, { name: "" }), "rules[0].name"],
  ["expiry of releases", expireAfter(1, { category: FileCategory.RELEASE }), "rules[0]"],
  ["expiry of staged files", expireAfter(1, { category: FileCategory.STAGING }), "rules[0]"],
])("InvalidArgument: a rule with %s", async (_title, rule, field) => {
  const admin = await newOrgWith(scene().identity);
  const failure = await failureOf(setRules(scene().storage, admin, [rule]));
  expect(failure).toEqual({ code: "InvalidArgument", fields: [field] });
});

test("InvalidArgument: two rules of one name", async () => {
  const admin = await newOrgWith(scene().identity);
  const failure = await failureOf(setRules(scene().storage, admin, [coolAfter(1), coolAfter(1)]));
  expect(failure).toEqual({ code: "InvalidArgument", fields: ["rules"] });
});

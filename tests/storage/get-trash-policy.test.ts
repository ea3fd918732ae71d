import { durationMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { TrashPolicyService } from "../../gen/sluice/storage/v1/trash_policies_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { newOrgWith, only, startStorageWithIdentity } from "./namespaces.ts";
import { setWindow } from "./trash-fixtures.ts";

const scene = forFile(startStorageWithIdentity);
const second = 1000;
const week = 7 * 24 * 60 * 60 * second;

test("OK: GetTrashPolicy answers a week, and then what was set, for each namespace by itself", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity, "team");
  const policies = storage.client(TrashPolicyService, only(admin, "team", "viewer"));
  const windowOf = async (namespace: string) => {
    const { trashPolicy } = await storage.client(TrashPolicyService, admin).getTrashPolicy({ namespace });
    return trashPolicy?.undeleteWindow && durationMs(trashPolicy.undeleteWindow);
  };
  expect((await policies.getTrashPolicy({ namespace: "team" })).trashPolicy).toMatchObject({ etag: "0" });
  expect([await windowOf(""), await windowOf("team")]).toEqual([week, week]);
  await setWindow(storage, admin, 5 * second);
  expect([await windowOf(""), await windowOf("default"), await windowOf("team")]).toEqual([
    5 * second,
    5 * second,
    week,
  ]);
});

test("NotFound, InvalidArgument, PermissionDenied: GetTrashPolicy", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity, "team");
  const policies = storage.client(TrashPolicyService, admin);
  for (const namespace of ["nowhere", "elsewhere"]) {
    expect(await failureOf(policies.getTrashPolicy({ namespace }))).toEqual(missing("namespace", namespace));
  }
  const stranger = storage.client(TrashPolicyService, only(admin, "team", "viewer"));
  expect(await failureOf(stranger.getTrashPolicy({}))).toEqual(missing("namespace", "default"));
  expect(await failureOf(policies.getTrashPolicy({ namespace: "a b" }))).toEqual({
    code: "InvalidArgument",
    fields: ["namespace"],
  });
  const nobody = storage.client(TrashPolicyService, { ...admin, roles: [] });
  expect(await failureOf(nobody.getTrashPolicy({}))).toEqual(lacking("storage.files.read"));
});

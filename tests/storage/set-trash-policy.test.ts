import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { TrashPolicyService } from "../../gen/sluice/storage/v1/trash_policies_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { newOrgWith, only, startStorageWithIdentity } from "./namespaces.ts";

const scene = forFile(startStorageWithIdentity);
const window = (ms: number) => ({ undeleteWindow: durationFromMs(ms) });

test("OK: SetTrashPolicy sets the window of a namespace, and its etag lets one of two callers win", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity, "team");
  const policies = storage.client(TrashPolicyService, only(admin, "team", "admin"));
  const set = async (ms: number, etag = "") =>
    (await policies.setTrashPolicy({ namespace: "team", trashPolicy: { ...window(ms), etag } })).trashPolicy;
  expect(await set(1500, "0")).toMatchObject({ ...window(1500), etag: "1" });
  expect(await set(0, "1")).toMatchObject({ ...window(0), etag: "2" });
  expect(await set(2500)).toMatchObject({ ...window(2500), etag: "3" });
  for (const etag of ["0", "2", "x"]) {
    expect(await failureOf(set(1, etag))).toMatchObject({ code: "Aborted", reason: "ETAG_MISMATCH" });
  }
  expect((await policies.getTrashPolicy({ namespace: "team" })).trashPolicy).toMatchObject(window(2500));
});

test("NotFound, InvalidArgument, PermissionDenied: SetTrashPolicy", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity, "team");
  const policies = storage.client(TrashPolicyService, admin);
  const call = policies.setTrashPolicy({ namespace: "nowhere", trashPolicy: window(1) });
  expect(await failureOf(call)).toEqual(missing("namespace", "nowhere"));
  for (const [request, field] of [
    [{}, "trash_policy"],
    [{ trashPolicy: {} }, "trash_policy.undelete_window"],
    [{ trashPolicy: window(-1) }, "trash_policy.undelete_window"],
    [{ trashPolicy: window(366 * 24 * 60 * 60 * 1000) }, "trash_policy.undelete_window"],
  ] as const) {
    expect(await failureOf(policies.setTrashPolicy(request))).toEqual({
      code: "InvalidArgument",
      fields: [field],
    });
  }
  const editor = storage.client(TrashPolicyService, only(admin, "team", "editor"));
  expect(await failureOf(editor.setTrashPolicy({ namespace: "team", trashPolicy: window(1) }))).toEqual(
    lacking("storage.files.purge"),
  );
});

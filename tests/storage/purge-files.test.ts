import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { correctUsage } from "./drift.ts";
import { upload, usage, usageOf } from "./fixtures.ts";
import { newOrgWith, only, startStorageWithIdentity } from "./namespaces.ts";
import { trashedFile } from "./trash-fixtures.ts";

const scene = forFile(startStorageWithIdentity);

test("OK: PurgeFiles empties the trash of one namespace, also of more files than fit into one transaction", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity, "team");
  const files = storage.client(FileService, admin);
  const kept = await upload(storage, admin, { content: "kept", namespace: "team" });
  const elsewhere = await trashedFile(storage, admin, { content: "elsewhere" });
  await trashedFile(storage, admin, { content: "gone", namespace: "team" });
  await identity.database.sql`
    insert into storage.files (file_id, org_id, namespace, name, content_type, size_bytes, sha256, creator_user_id,
      delete_time, purge_time)
    select gen_random_uuid(), org_id, namespace, name, content_type, 0, sha256, creator_user_id, now(), now()
    from storage.files cross join generate_series(1, 600)
    where org_id = ${admin.orgId} and namespace = 'team' and delete_time is not null`;
  await correctUsage(identity.database.sql);
  expect(await files.purgeFiles({ namespace: "team" })).toMatchObject({ fileCount: 601 });
  expect(await files.purgeFiles({ namespace: "team" })).toMatchObject({ fileCount: 0 });
  expect((await files.listFiles({ showDeleted: true })).files).toEqual([elsewhere]);
  expect((await files.listFiles({})).files).toEqual([kept]);
  expect(await usageOf(storage, admin)).toEqual(usage(13, 2));
});

test("NotFound, InvalidArgument, PermissionDenied: PurgeFiles", async () => {
  const { identity, storage } = scene();
  const admin = await newOrgWith(identity, "team");
  const files = storage.client(FileService, admin);
  expect(await failureOf(files.purgeFiles({ namespace: "nowhere" }))).toEqual(
    missing("namespace", "nowhere"),
  );
  const stranger = storage.client(FileService, only(admin, "team", "admin"));
  expect(await failureOf(stranger.purgeFiles({ namespace: "default" }))).toEqual(
    missing("namespace", "default"),
  );
  expect(await failureOf(files.purgeFiles({}))).toEqual({ code: "InvalidArgument", fields: ["namespace"] });
  const editor = storage.client(FileService, only(admin, "team", "editor"));
  expect(await failureOf(editor.purgeFiles({ namespace: "team" }))).toEqual(lacking("storage.files.purge"));
});

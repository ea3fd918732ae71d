import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import { ReleaseService } from "../../gen/sluice/storage/v1/releases_pb.ts";
import { type GuardedService, guard } from "../lib/rpc/guard.ts";
import type { StorageDeps } from "./deps.ts";
import { adoptBlob } from "./rpc/adopt-blob.ts";
import { confirmLeases } from "./rpc/confirm-leases.ts";
import { createSignedUrl } from "./rpc/create-signed-url.ts";
import { deleteBlobs } from "./rpc/delete-blobs.ts";
import { deleteFile } from "./rpc/delete-file.ts";
import { downloadFile } from "./rpc/download-file.ts";
import { getBlob } from "./rpc/get-blob.ts";
import { getFile } from "./rpc/get-file.ts";
import { getQuota } from "./rpc/get-quota.ts";
import { getUsage } from "./rpc/get-usage.ts";
import { listFiles } from "./rpc/list-files.ts";
import { publishRelease } from "./rpc/publish-release.ts";
import { putBlob } from "./rpc/put-blob.ts";
import { readSigned } from "./rpc/read-signed.ts";
import { setQuota } from "./rpc/set-quota.ts";
import { signBlobs } from "./rpc/sign-blobs.ts";
import { updateFile } from "./rpc/update-file.ts";
import { uploadFile } from "./rpc/upload-file.ts";

/** Every service of storage, guarded. */
export function storageServices(deps: StorageDeps): GuardedService[] {
  return [
    guard(FileService, {
      uploadFile: uploadFile(deps),
      getFile: getFile(deps),
      listFiles: listFiles(deps),
      downloadFile: downloadFile(deps),
      createSignedUrl: createSignedUrl(deps),
      readSigned: readSigned(deps),
      updateFile: updateFile(deps),
      deleteFile: deleteFile(deps),
    }),
    guard(QuotaService, {
      getQuota: getQuota(deps),
      setQuota: setQuota(deps),
      getUsage: getUsage(deps),
    }),
    guard(BlobService, {
      getBlob: getBlob(deps),
      putBlob: putBlob(deps),
      adoptBlob: adoptBlob(deps),
      deleteBlobs: deleteBlobs(deps),
      signBlobs: signBlobs(deps),
      confirmLeases: confirmLeases(deps),
    }),
    guard(ReleaseService, { publishRelease: publishRelease(deps) }),
  ];
}

import { ArchiveService } from "../../gen/sluice/storage/v1/archives_pb.ts";
import { AuditService } from "../../gen/sluice/storage/v1/audit_pb.ts";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { CacheService } from "../../gen/sluice/storage/v1/cache_pb.ts";
import { ContentEncryptionService } from "../../gen/sluice/storage/v1/encryption_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { LifecycleService } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { ModelService } from "../../gen/sluice/storage/v1/models_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/storage/v1/namespaces_pb.ts";
import { PreviewService } from "../../gen/sluice/storage/v1/previews_pb.ts";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import { ReleaseService } from "../../gen/sluice/storage/v1/releases_pb.ts";
import { ResultCacheService } from "../../gen/sluice/storage/v1/result_cache_pb.ts";
import { ResumableUploadService } from "../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { ScrubService } from "../../gen/sluice/storage/v1/scrubs_pb.ts";
import { SignedUrlService } from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import { StorageStatusService } from "../../gen/sluice/storage/v1/status_pb.ts";
import { TrashPolicyService } from "../../gen/sluice/storage/v1/trash_policies_pb.ts";
import { UploadPolicyService } from "../../gen/sluice/storage/v1/upload_policies_pb.ts";
import { VectorService } from "../../gen/sluice/storage/v1/vectors_pb.ts";
import { type GuardedService, guard } from "../lib/rpc/guard.ts";
import type { StorageDeps } from "./deps.ts";
import { adoptBlob } from "./rpc/adopt-blob.ts";
import { appendResumableUpload } from "./rpc/append-resumable-upload.ts";
import { compareModelVersions } from "./rpc/compare-model-versions.ts";
import { concatenateResumableUploads } from "./rpc/concatenate-resumable-uploads.ts";
import { confirmLeases } from "./rpc/confirm-leases.ts";
import { coolFile } from "./rpc/cool-file.ts";
import { copyFile } from "./rpc/copy-file.ts";
import { countVectors } from "./rpc/count-vectors.ts";
import { createCollection } from "./rpc/create-collection.ts";
import { createResumableUpload } from "./rpc/create-resumable-upload.ts";
import { createSignedUrl } from "./rpc/create-signed-url.ts";
import { createUploadUrl } from "./rpc/create-upload-url.ts";
import { deleteBlobs } from "./rpc/delete-blobs.ts";
import { deleteCacheEntries } from "./rpc/delete-cache-entries.ts";
import { deleteCacheEntry } from "./rpc/delete-cache-entry.ts";
import { deleteCollection } from "./rpc/delete-collection.ts";
import { deleteFile } from "./rpc/delete-file.ts";
import { deleteFileVersion } from "./rpc/delete-file-version.ts";
import { deleteModel } from "./rpc/delete-model.ts";
import { deleteModelAlias } from "./rpc/delete-model-alias.ts";
import { deleteModelVersion } from "./rpc/delete-model-version.ts";
import { deleteResumableUpload } from "./rpc/delete-resumable-upload.ts";
import { deleteVectors } from "./rpc/delete-vectors.ts";
import { downloadArchive } from "./rpc/download-archive.ts";
import { downloadFile } from "./rpc/download-file.ts";
import { downloadModelFile } from "./rpc/download-model-file.ts";
import { dryRunLifecycle } from "./rpc/dry-run-lifecycle.ts";
import { findFile } from "./rpc/find-file.ts";
import { getBlob } from "./rpc/get-blob.ts";
import { getCacheEntry } from "./rpc/get-cache-entry.ts";
import { getCacheUsage } from "./rpc/get-cache-usage.ts";
import { getCollection } from "./rpc/get-collection.ts";
import { getContentEncryption } from "./rpc/get-content-encryption.ts";
import { getFile } from "./rpc/get-file.ts";
import { getFileTier } from "./rpc/get-file-tier.ts";
import { getLifecycleRules } from "./rpc/get-lifecycle-rules.ts";
import { getModel } from "./rpc/get-model.ts";
import { getModelVersion } from "./rpc/get-model-version.ts";
import { getModelVersionByAlias } from "./rpc/get-model-version-by-alias.ts";
import { getQuota } from "./rpc/get-quota.ts";
import { getResumableUpload } from "./rpc/get-resumable-upload.ts";
import { getScrub } from "./rpc/get-scrub.ts";
import { getStorageStatus } from "./rpc/get-storage-status.ts";
import { getTrashPolicy } from "./rpc/get-trash-policy.ts";
import { getUploadPolicy } from "./rpc/get-upload-policy.ts";
import { getUsage } from "./rpc/get-usage.ts";
import { getVectors } from "./rpc/get-vectors.ts";
import { holdPackageFiles } from "./rpc/hold-package-files.ts";
import { incrementCacheEntry } from "./rpc/increment-cache-entry.ts";
import { leaseCacheEntry } from "./rpc/lease-cache-entry.ts";
import { leaseResult } from "./rpc/lease-result.ts";
import { listCollections } from "./rpc/list-collections.ts";
import { listFileVersions } from "./rpc/list-file-versions.ts";
import { listFiles } from "./rpc/list-files.ts";
import { listModelEvents } from "./rpc/list-model-events.ts";
import { listModelVersions } from "./rpc/list-model-versions.ts";
import { listModels } from "./rpc/list-models.ts";
import { listOrgEvents } from "./rpc/list-org-events.ts";
import { listResumableUploads } from "./rpc/list-resumable-uploads.ts";
import { listScrubFindings } from "./rpc/list-scrub-findings.ts";
import { listScrubs } from "./rpc/list-scrubs.ts";
import { listSignedUrls } from "./rpc/list-signed-urls.ts";
import { moveFile } from "./rpc/move-file.ts";
import { previewImage } from "./rpc/preview-image.ts";
import { previewText } from "./rpc/preview-text.ts";
import { publishRelease } from "./rpc/publish-release.ts";
import { purgeFile } from "./rpc/purge-file.ts";
import { purgeFiles } from "./rpc/purge-files.ts";
import { putBlob } from "./rpc/put-blob.ts";
import { readSigned } from "./rpc/read-signed.ts";
import { registerModelVersion } from "./rpc/register-model-version.ts";
import { releasePackageFiles } from "./rpc/release-package-files.ts";
import { restoreCollection } from "./rpc/restore-collection.ts";
import { restoreFileVersion } from "./rpc/restore-file-version.ts";
import { returnCacheLease } from "./rpc/return-cache-lease.ts";
import { returnResultLease } from "./rpc/return-result-lease.ts";
import { revokeFileUrls } from "./rpc/revoke-file-urls.ts";
import { revokeSignedUrl } from "./rpc/revoke-signed-url.ts";
import { searchVectors } from "./rpc/search-vectors.ts";
import { setCacheEntry } from "./rpc/set-cache-entry.ts";
import { setFileHold } from "./rpc/set-file-hold.ts";
import { setLifecycleRules } from "./rpc/set-lifecycle-rules.ts";
import { setModelAlias } from "./rpc/set-model-alias.ts";
import { setModelVersionStage } from "./rpc/set-model-version-stage.ts";
import { setNamespaceState } from "./rpc/set-namespace-state.ts";
import { setQuota } from "./rpc/set-quota.ts";
import { setResult } from "./rpc/set-result.ts";
import { setTrashPolicy } from "./rpc/set-trash-policy.ts";
import { setUploadPolicy } from "./rpc/set-upload-policy.ts";
import { signBlobs } from "./rpc/sign-blobs.ts";
import { snapshotCollection } from "./rpc/snapshot-collection.ts";
import { startScrub } from "./rpc/start-scrub.ts";
import { undeleteFile } from "./rpc/undelete-file.ts";
import { updateFile } from "./rpc/update-file.ts";
import { updateModel } from "./rpc/update-model.ts";
import { updateModelVersion } from "./rpc/update-model-version.ts";
import { uploadFile } from "./rpc/upload-file.ts";
import { uploadFiles } from "./rpc/upload-files.ts";
import { uploadModelFile } from "./rpc/upload-model-file.ts";
import { uploadSigned } from "./rpc/upload-signed.ts";
import { upsertVectors } from "./rpc/upsert-vectors.ts";
import { verifyOrgChain } from "./rpc/verify-org-chain.ts";
import { warmFile } from "./rpc/warm-file.ts";

/** Services of the storage process, with authorisation and validation. */
export function storageServices(deps: StorageDeps): GuardedService[] {
  return [
    guard(FileService, {
      uploadFile: uploadFile(deps),
      uploadFiles: uploadFiles(deps),
      getFile: getFile(deps),
      listFiles: listFiles(deps),
      downloadFile: downloadFile(deps),
      createSignedUrl: createSignedUrl(deps),
      readSigned: readSigned(deps),
      updateFile: updateFile(deps),
      moveFile: moveFile(deps),
      findFile: findFile(deps),
      copyFile: copyFile(deps),
      listFileVersions: listFileVersions(deps),
      restoreFileVersion: restoreFileVersion(deps),
      deleteFileVersion: deleteFileVersion(deps),
      undeleteFile: undeleteFile(deps),
      purgeFile: purgeFile(deps),
      purgeFiles: purgeFiles(deps),
      deleteFile: deleteFile(deps),
    }),
    guard(ResumableUploadService, {
      createResumableUpload: createResumableUpload(deps),
      appendResumableUpload: appendResumableUpload(deps),
      getResumableUpload: getResumableUpload(deps),
      listResumableUploads: listResumableUploads(deps),
      concatenateResumableUploads: concatenateResumableUploads(deps),
      deleteResumableUpload: deleteResumableUpload(deps),
    }),
    guard(UploadPolicyService, {
      getUploadPolicy: getUploadPolicy(deps),
      setUploadPolicy: setUploadPolicy(deps),
    }),
    guard(PreviewService, { previewText: previewText(deps), previewImage: previewImage(deps) }),
    guard(ArchiveService, { downloadArchive: downloadArchive(deps) }),
    guard(SignedUrlService, {
      createUploadUrl: createUploadUrl(deps),
      uploadSigned: uploadSigned(deps),
      listSignedUrls: listSignedUrls(deps),
      revokeSignedUrl: revokeSignedUrl(deps),
      revokeFileUrls: revokeFileUrls(deps),
    }),
    guard(TrashPolicyService, {
      getTrashPolicy: getTrashPolicy(deps),
      setTrashPolicy: setTrashPolicy(deps),
    }),
    guard(QuotaService, {
      getQuota: getQuota(deps),
      setQuota: setQuota(deps),
      getUsage: getUsage(deps),
    }),
    guard(LifecycleService, {
      getLifecycleRules: getLifecycleRules(deps),
      setLifecycleRules: setLifecycleRules(deps),
      dryRunLifecycle: dryRunLifecycle(deps),
      setFileHold: setFileHold(deps),
      getFileTier: getFileTier(deps),
      coolFile: coolFile(deps),
      warmFile: warmFile(deps),
    }),
    guard(BlobService, {
      getBlob: getBlob(deps),
      putBlob: putBlob(deps),
      adoptBlob: adoptBlob(deps),
      deleteBlobs: deleteBlobs(deps),
      signBlobs: signBlobs(deps),
      confirmLeases: confirmLeases(deps),
    }),
    guard(CacheService, {
      getCacheEntry: getCacheEntry(deps),
      setCacheEntry: setCacheEntry(deps),
      incrementCacheEntry: incrementCacheEntry(deps),
      leaseCacheEntry: leaseCacheEntry(deps),
      returnCacheLease: returnCacheLease(deps),
      deleteCacheEntry: deleteCacheEntry(deps),
      deleteCacheEntries: deleteCacheEntries(deps),
      getCacheUsage: getCacheUsage(deps),
    }),
    guard(ResultCacheService, {
      leaseResult: leaseResult(deps),
      setResult: setResult(deps),
      returnResultLease: returnResultLease(deps),
    }),
    guard(VectorService, {
      createCollection: createCollection(deps),
      getCollection: getCollection(deps),
      listCollections: listCollections(deps),
      deleteCollection: deleteCollection(deps),
      upsertVectors: upsertVectors(deps),
      getVectors: getVectors(deps),
      searchVectors: searchVectors(deps),
      deleteVectors: deleteVectors(deps),
      countVectors: countVectors(deps),
      snapshotCollection: snapshotCollection(deps),
      restoreCollection: restoreCollection(deps),
    }),
    guard(ReleaseService, {
      publishRelease: publishRelease(deps),
      holdPackageFiles: holdPackageFiles(deps),
      releasePackageFiles: releasePackageFiles(deps),
    }),
    guard(ScrubService, {
      startScrub: startScrub(deps),
      getScrub: getScrub(deps),
      listScrubs: listScrubs(deps),
      listScrubFindings: listScrubFindings(deps),
    }),
    guard(ContentEncryptionService, { getContentEncryption: getContentEncryption(deps) }),
    guard(StorageStatusService, { getStorageStatus: getStorageStatus(deps) }),
    guard(ModelService, {
      registerModelVersion: registerModelVersion(deps),
      uploadModelFile: uploadModelFile(deps),
      listModels: listModels(deps),
      getModel: getModel(deps),
      updateModel: updateModel(deps),
      listModelVersions: listModelVersions(deps),
      getModelVersion: getModelVersion(deps),
      getModelVersionByAlias: getModelVersionByAlias(deps),
      updateModelVersion: updateModelVersion(deps),
      setModelAlias: setModelAlias(deps),
      setModelVersionStage: setModelVersionStage(deps),
      listModelEvents: listModelEvents(deps),
      compareModelVersions: compareModelVersions(deps),
      downloadModelFile: downloadModelFile(deps),
      deleteModelAlias: deleteModelAlias(deps),
      deleteModelVersion: deleteModelVersion(deps),
      deleteModel: deleteModel(deps),
    }),
    guard(AuditService, { listOrgEvents: listOrgEvents(deps), verifyOrgChain: verifyOrgChain(deps) }),
    guard(NamespaceContentService, { setNamespaceState: setNamespaceState(deps) }),
  ];
}

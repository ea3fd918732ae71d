import { CacheService } from "../../../gen/compat/rivergen/v1/cache_pb.ts";
import { FileService } from "../../../gen/compat/rivergen/v1/files_pb.ts";
import { InternalFileService } from "../../../gen/compat/rivergen/v1/internal_files_pb.ts";
import { LifecycleService } from "../../../gen/compat/rivergen/v1/lifecycle_pb.ts";
import { ModelService } from "../../../gen/compat/rivergen/v1/models_pb.ts";
import { QuotaService } from "../../../gen/compat/rivergen/v1/quota_pb.ts";
import { VectorService } from "../../../gen/compat/rivergen/v1/vectors_pb.ts";
import { type GuardedService, guard } from "../../lib/rpc/guard.ts";
import type { RivergenDeps } from "./deps.ts";
import { coolFile } from "./rpc/cool-file.ts";
import { deleteCacheEntry } from "./rpc/delete-cache-entry.ts";
import { deleteFile } from "./rpc/delete-file.ts";
import { deleteModel } from "./rpc/delete-model.ts";
import { deleteVector } from "./rpc/delete-vector.ts";
import { downloadInternalFile } from "./rpc/download-internal-file.ts";
import { getCacheEntry } from "./rpc/get-cache-entry.ts";
import { getFileMetadata } from "./rpc/get-file-metadata.ts";
import { getFileTier } from "./rpc/get-file-tier.ts";
import { getModel } from "./rpc/get-model.ts";
import { getModelRegistry } from "./rpc/get-model-registry.ts";
import { getPresignedUrl } from "./rpc/get-presigned-url.ts";
import { getQuota } from "./rpc/get-quota.ts";
import { getUsage } from "./rpc/get-usage.ts";
import { listFiles } from "./rpc/list-files.ts";
import { listModels } from "./rpc/list-models.ts";
import { registerModel } from "./rpc/register-model.ts";
import { searchVectors } from "./rpc/search-vectors.ts";
import { setCacheEntry } from "./rpc/set-cache-entry.ts";
import { uploadFile } from "./rpc/upload-file.ts";
import { uploadInternalFile } from "./rpc/upload-internal-file.ts";
import { upsertVectors } from "./rpc/upsert-vectors.ts";
import { warmFile } from "./rpc/warm-file.ts";

/** What RiverGen has on its second port. */
export const storageServices = (deps: RivergenDeps): GuardedService[] => [
  guard(FileService, {
    uploadFile: uploadFile(deps),
    listFiles: listFiles(deps),
    getFileMetadata: getFileMetadata(deps),
    getPresignedUrl: getPresignedUrl(deps),
    deleteFile: deleteFile(deps),
  }),
  guard(QuotaService, {
    getQuota: getQuota(deps),
    getUsage: getUsage(deps),
  }),
  guard(VectorService, {
    upsertVectors: upsertVectors(deps),
    searchVectors: searchVectors(deps),
    deleteVector: deleteVector(deps),
  }),
  guard(InternalFileService, {
    uploadInternalFile: uploadInternalFile(deps),
    downloadInternalFile: downloadInternalFile(deps),
  }),
  guard(CacheService, {
    setCacheEntry: setCacheEntry(deps),
    getCacheEntry: getCacheEntry(deps),
    deleteCacheEntry: deleteCacheEntry(deps),
  }),
  guard(LifecycleService, {
    warmFile: warmFile(deps),
    coolFile: coolFile(deps),
    getFileTier: getFileTier(deps),
  }),
  guard(ModelService, {
    registerModel: registerModel(deps),
    listModels: listModels(deps),
    getModel: getModel(deps),
    deleteModel: deleteModel(deps),
    getModelRegistry: getModelRegistry(deps),
  }),
];

// Written by `npm run generate` from the contracts in proto/ and the folders of services/.

import type { DescFile } from "@bufbuild/protobuf";
import { file_sluice_approval_v1_audit } from "./sluice/approval/v1/audit_pb.ts";
import { file_sluice_approval_v1_projects } from "./sluice/approval/v1/projects_pb.ts";
import { file_sluice_approval_v1_reviews } from "./sluice/approval/v1/reviews_pb.ts";
import { file_sluice_edge_v1_batch } from "./sluice/edge/v1/batch_pb.ts";
import { file_sluice_identity_v1_access } from "./sluice/identity/v1/access_pb.ts";
import { file_sluice_identity_v1_api_keys } from "./sluice/identity/v1/api_keys_pb.ts";
import { file_sluice_identity_v1_audit } from "./sluice/identity/v1/audit_pb.ts";
import { file_sluice_identity_v1_auth } from "./sluice/identity/v1/auth_pb.ts";
import { file_sluice_identity_v1_delegation } from "./sluice/identity/v1/delegation_pb.ts";
import { file_sluice_identity_v1_grants } from "./sluice/identity/v1/grants_pb.ts";
import { file_sluice_identity_v1_keys } from "./sluice/identity/v1/keys_pb.ts";
import { file_sluice_identity_v1_namespaces } from "./sluice/identity/v1/namespaces_pb.ts";
import { file_sluice_identity_v1_orgs } from "./sluice/identity/v1/orgs_pb.ts";
import { file_sluice_identity_v1_secrets } from "./sluice/identity/v1/secrets_pb.ts";
import { file_sluice_identity_v1_users } from "./sluice/identity/v1/users_pb.ts";
import { file_sluice_orchestration_v1_catalog } from "./sluice/orchestration/v1/catalog_pb.ts";
import { file_sluice_orchestration_v1_connectors } from "./sluice/orchestration/v1/connectors_pb.ts";
import { file_sluice_orchestration_v1_crashes } from "./sluice/orchestration/v1/crashes_pb.ts";
import { file_sluice_orchestration_v1_executions } from "./sluice/orchestration/v1/executions_pb.ts";
import { file_sluice_orchestration_v1_file_previews } from "./sluice/orchestration/v1/file_previews_pb.ts";
import { file_sluice_orchestration_v1_lineage } from "./sluice/orchestration/v1/lineage_pb.ts";
import { file_sluice_orchestration_v1_sources } from "./sluice/orchestration/v1/sources_pb.ts";
import { file_sluice_orchestration_v1_status } from "./sluice/orchestration/v1/status_pb.ts";
import { file_sluice_staging_v1_jobs } from "./sluice/staging/v1/jobs_pb.ts";
import { file_sluice_storage_v1_archives } from "./sluice/storage/v1/archives_pb.ts";
import { file_sluice_storage_v1_cache } from "./sluice/storage/v1/cache_pb.ts";
import { file_sluice_storage_v1_encryption } from "./sluice/storage/v1/encryption_pb.ts";
import { file_sluice_storage_v1_files } from "./sluice/storage/v1/files_pb.ts";
import { file_sluice_storage_v1_lifecycle } from "./sluice/storage/v1/lifecycle_pb.ts";
import { file_sluice_storage_v1_models } from "./sluice/storage/v1/models_pb.ts";
import { file_sluice_storage_v1_previews } from "./sluice/storage/v1/previews_pb.ts";
import { file_sluice_storage_v1_quota } from "./sluice/storage/v1/quota_pb.ts";
import { file_sluice_storage_v1_resumable_uploads } from "./sluice/storage/v1/resumable_uploads_pb.ts";
import { file_sluice_storage_v1_scrubs } from "./sluice/storage/v1/scrubs_pb.ts";
import { file_sluice_storage_v1_signed_urls } from "./sluice/storage/v1/signed_urls_pb.ts";
import { file_sluice_storage_v1_status } from "./sluice/storage/v1/status_pb.ts";
import { file_sluice_storage_v1_trash_policies } from "./sluice/storage/v1/trash_policies_pb.ts";
import { file_sluice_storage_v1_upload_policies } from "./sluice/storage/v1/upload_policies_pb.ts";
import { file_sluice_storage_v1_vectors } from "./sluice/storage/v1/vectors_pb.ts";

/** Contracts with methods that callers of the edge may call. */
export const exposedContracts: readonly DescFile[] = [
  file_sluice_approval_v1_audit,
  file_sluice_approval_v1_projects,
  file_sluice_approval_v1_reviews,
  file_sluice_edge_v1_batch,
  file_sluice_identity_v1_access,
  file_sluice_identity_v1_api_keys,
  file_sluice_identity_v1_audit,
  file_sluice_identity_v1_auth,
  file_sluice_identity_v1_delegation,
  file_sluice_identity_v1_grants,
  file_sluice_identity_v1_keys,
  file_sluice_identity_v1_namespaces,
  file_sluice_identity_v1_orgs,
  file_sluice_identity_v1_secrets,
  file_sluice_identity_v1_users,
  file_sluice_orchestration_v1_catalog,
  file_sluice_orchestration_v1_connectors,
  file_sluice_orchestration_v1_crashes,
  file_sluice_orchestration_v1_executions,
  file_sluice_orchestration_v1_file_previews,
  file_sluice_orchestration_v1_lineage,
  file_sluice_orchestration_v1_sources,
  file_sluice_orchestration_v1_status,
  file_sluice_staging_v1_jobs,
  file_sluice_storage_v1_archives,
  file_sluice_storage_v1_cache,
  file_sluice_storage_v1_encryption,
  file_sluice_storage_v1_files,
  file_sluice_storage_v1_lifecycle,
  file_sluice_storage_v1_models,
  file_sluice_storage_v1_previews,
  file_sluice_storage_v1_quota,
  file_sluice_storage_v1_resumable_uploads,
  file_sluice_storage_v1_scrubs,
  file_sluice_storage_v1_signed_urls,
  file_sluice_storage_v1_status,
  file_sluice_storage_v1_trash_policies,
  file_sluice_storage_v1_upload_policies,
  file_sluice_storage_v1_vectors,
];

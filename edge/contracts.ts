import type { DescFile, DescService } from "@bufbuild/protobuf";
import { file_sluice_approval_v1_audit } from "../gen/sluice/approval/v1/audit_pb.ts";
import { file_sluice_approval_v1_projects } from "../gen/sluice/approval/v1/projects_pb.ts";
import { file_sluice_approval_v1_reviews } from "../gen/sluice/approval/v1/reviews_pb.ts";
import { file_sluice_edge_v1_batch } from "../gen/sluice/edge/v1/batch_pb.ts";
import { file_sluice_identity_v1_api_keys } from "../gen/sluice/identity/v1/api_keys_pb.ts";
import { file_sluice_identity_v1_auth } from "../gen/sluice/identity/v1/auth_pb.ts";
import { file_sluice_identity_v1_orgs } from "../gen/sluice/identity/v1/orgs_pb.ts";
import { file_sluice_identity_v1_secrets } from "../gen/sluice/identity/v1/secrets_pb.ts";
import { file_sluice_identity_v1_users } from "../gen/sluice/identity/v1/users_pb.ts";
import { file_sluice_orchestration_v1_catalog } from "../gen/sluice/orchestration/v1/catalog_pb.ts";
import { file_sluice_orchestration_v1_connectors } from "../gen/sluice/orchestration/v1/connectors_pb.ts";
import { file_sluice_orchestration_v1_crashes } from "../gen/sluice/orchestration/v1/crashes_pb.ts";
import { file_sluice_orchestration_v1_executions } from "../gen/sluice/orchestration/v1/executions_pb.ts";
import { file_sluice_orchestration_v1_lineage } from "../gen/sluice/orchestration/v1/lineage_pb.ts";
import { file_sluice_orchestration_v1_sources } from "../gen/sluice/orchestration/v1/sources_pb.ts";
import { file_sluice_orchestration_v1_status } from "../gen/sluice/orchestration/v1/status_pb.ts";
import { file_sluice_staging_v1_jobs } from "../gen/sluice/staging/v1/jobs_pb.ts";
import { file_sluice_storage_v1_files } from "../gen/sluice/storage/v1/files_pb.ts";
import { file_sluice_storage_v1_quota } from "../gen/sluice/storage/v1/quota_pb.ts";

/** Contracts that the edge exposes; those whose methods are all internal need not stand here. */
const contracts: readonly DescFile[] = [
  file_sluice_edge_v1_batch,
  file_sluice_identity_v1_api_keys,
  file_sluice_identity_v1_auth,
  file_sluice_identity_v1_orgs,
  file_sluice_identity_v1_secrets,
  file_sluice_identity_v1_users,
  file_sluice_orchestration_v1_catalog,
  file_sluice_orchestration_v1_connectors,
  file_sluice_orchestration_v1_crashes,
  file_sluice_orchestration_v1_executions,
  file_sluice_orchestration_v1_lineage,
  file_sluice_orchestration_v1_sources,
  file_sluice_orchestration_v1_status,
  file_sluice_staging_v1_jobs,
  file_sluice_storage_v1_files,
  file_sluice_storage_v1_quota,
  file_sluice_approval_v1_audit,
  file_sluice_approval_v1_projects,
  file_sluice_approval_v1_reviews,
];

/** Every service that is reachable from outside. */
export const exposedServices: readonly DescService[] = contracts.flatMap((file) => file.services);

/** The process that serves a service: `storage` for sluice.storage.v1, and `compat` for each compat.<system>.v1. */
export function upstreamOf(service: DescService): string {
  const [, native, compat] = /^(?:sluice\.([a-z]+)|(compat)\.[a-z0-9]+)\.v\d+\./.exec(service.typeName) ?? [];
  const upstream = native ?? compat;
  if (!upstream) throw new Error(`${service.typeName} does not say by its package who serves it`);
  return upstream;
}

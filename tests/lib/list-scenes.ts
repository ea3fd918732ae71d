import type { Principal } from "../../services/lib/rpc/principal.ts";

/** Rows of one list, made by SQL: calls would take too long for many. */
export type ListScene = {
  /** Table of the rows. */
  readonly table: string;
  /** What the rows refer to. `$1` is the organisation and `$2` the resource that a nested list belongs to. */
  readonly setup?: readonly string[];
  /** Inserts the rows number `$3` to `$4`, the later ones newer. */
  readonly rows: readonly string[];
  /** The request of a nested list, and of a list that has rows of other organisations. */
  readonly request?: (parentId: string) => object;
  /** What the caller has besides an administrator's roles. */
  readonly caller?: (parentId: string) => Partial<Principal>;
  /** Filters that find few of many rows, and have an index. */
  readonly rare: readonly string[];
};

const numbers = "from generate_series($3::int, $4::int) as n";
const time = "timestamptz '2026-01-01Z' + n * interval '1.001 ms'";
const name = "'name ' || left(md5(n::text), 10)";
const sha = "repeat('0', 64)";
const org = `insert into identity.orgs (org_id, name, display_name)
  select $1::uuid, 'o' || md5($1::text), 'An organisation' where $2::text is not null on conflict do nothing`;
const user = `insert into identity.users (user_id, org_id, email, display_name, password_hash)
  values ($2::uuid, $1::uuid, $2::text || '@example.org', 'Owner', 'x')`;
const platformAdmin = `insert into identity.grants (grant_id, org_id, user_id, role)
  values (gen_random_uuid(), $1::uuid, $2::uuid, 'platform-admin')`;
const delegatingKey = `insert into identity.api_keys (api_key_id, org_id, user_id, display_name, secret_sha256, prefix,
    permissions)
  values ($2::uuid, $1::uuid, $2::uuid, 'Gateway', md5($2::text), 'sk_', '{principals.delegate}')`;
const source = `insert into orchestration.sources (source_id, org_id, display_name, connector, settings)
  values ($2, $1, 'source', 'file', '{}')`;
const table = `insert into orchestration.tables (table_id, org_id, source_id, schema_name, name, columns)
  values ($2, $1, $2, '', 'table', '[]')`;
const model = `insert into storage.models (model_id, org_id, model_name, search_text, creator_user_id)
  values ($2, $1, 'churn', 'churn', $1)`;
const blob = `insert into storage.blobs (org_id, sha256) select $1::uuid, ${sha} where $1::uuid <> $2::uuid on conflict do nothing`;
const job = `insert into staging.jobs (job_id, org_id, source_id, tables, selections, targets, format, chunk_rows,
    creator_user_id, planned_tables)
  values ($2, $1, $1, '[]', '[]', '[]', 'parquet', 1000, $1, '[{"schemaName": "", "name": "orders", "columns": []}]')`;
const project = `insert into approval.projects (project_id, org_id, display_name, source_id, tables, destination,
    creator_user_id)
  values ($2, $1, 'project', $1, '[]', '{"filestore": {"name": "warehouse", "format": "PARQUET"}}', $1)`;
const ofTime = 'create_time > "2026-01-01T00:00:00.010Z" AND create_time < "2026-01-01T00:00:00.020Z"';
const named = (field: string): string => `${field}:"a87ff679a2"`;

/** By the full name of the method. */
export const listScenes: Readonly<Record<string, ListScene>> = {
  "sluice.identity.v1.UserService.ListUsers": {
    table: "identity.users",
    setup: [org],
    rows: [
      `insert into identity.users (user_id, org_id, email, display_name, password_hash, create_time)
       select gen_random_uuid(), $1::uuid, n || '@' || $2::text, ${name}, 'x', ${time} ${numbers}`,
    ],
    rare: [ofTime, named("display_name"), 'email:"4@"'],
  },
  "sluice.identity.v1.ApiKeyService.ListApiKeys": {
    table: "identity.api_keys",
    setup: [org, user],
    rows: [
      `insert into identity.api_keys (api_key_id, org_id, user_id, display_name, secret_sha256, prefix, create_time)
       select gen_random_uuid(), $1::uuid, $2::uuid, ${name}, md5($2::text || n::text), 'sk_', ${time} ${numbers}`,
    ],
    rare: [ofTime, named("display_name")],
  },
  "sluice.identity.v1.OrgService.ListOrgs": {
    table: "identity.orgs",
    rows: [
      `insert into identity.orgs (org_id, name, display_name, create_time)
       select gen_random_uuid(), 'a' || md5($2::text || n || $1::text), ${name}, ${time} ${numbers}`,
    ],
    request: () => ({ filter: 'display_name:"name "' }),
    rare: [ofTime, named("display_name")],
  },
  "sluice.identity.v1.SecretService.ListSecrets": {
    table: "identity.secrets",
    setup: [org],
    rows: [
      `insert into identity.secrets (org_id, name, key_id, nonce, ciphertext, destinations, create_time)
       select $1::uuid, left(md5(n::text), 10), $2::text, 'x', 'x', '[]', ${time} ${numbers}`,
    ],
    rare: [ofTime, named("name")],
  },
  "sluice.identity.v1.NamespaceService.ListNamespaces": {
    table: "identity.namespaces",
    setup: [org],
    rows: [
      `insert into identity.namespaces (org_id, name, display_name, description, create_time)
       select $1::uuid, left(md5(n::text), 10), ${name}, $2::text, ${time} ${numbers}`,
    ],
    rare: [ofTime, named("name"), named("display_name")],
  },
  "sluice.identity.v1.GrantService.ListGrants": {
    table: "identity.grants",
    setup: [org],
    rows: [
      `insert into identity.grants (grant_id, org_id, group_name, role, create_time)
       select gen_random_uuid(), $1::uuid, n || $2::text, 'viewer', ${time} ${numbers}`,
    ],
    rare: [ofTime, 'user_id = "00000000-0000-7000-8000-000000000000"'],
  },
  "sluice.identity.v1.DelegationService.ListExternalIds": {
    table: "identity.external_ids",
    setup: [org, user, platformAdmin, delegatingKey],
    rows: [
      `insert into identity.external_ids (mapping_id, api_key_id, kind, external_id, org_id, create_time)
       select gen_random_uuid(), $2::uuid, 'org', 'e' || n, $1::uuid, ${time} ${numbers}`,
    ],
    caller: (apiKeyId) => ({ apiKeyId, limit: { permissions: ["principals.delegate"], namespaces: [] } }),
    rare: [ofTime, "external_id = e1"],
  },
  "sluice.orchestration.v1.SourceService.ListSources": {
    table: "orchestration.sources",
    rows: [
      `insert into orchestration.sources (source_id, org_id, display_name, connector, settings, create_time)
       select gen_random_uuid(), $1::uuid, ${name}, 'file', jsonb_build_object('fileId', $2::text), ${time} ${numbers}`,
    ],
    rare: [ofTime, named("display_name")],
  },
  "sluice.orchestration.v1.CatalogService.ListTables": {
    table: "orchestration.tables",
    setup: [source],
    rows: [
      `insert into orchestration.tables (table_id, org_id, source_id, schema_name, name, columns, create_time)
       select gen_random_uuid(), $1::uuid, $2::uuid, 'public', ${name}, '[]', ${time} ${numbers}`,
    ],
    rare: [ofTime, named("name"), "source_id = 00000000-0000-7000-8000-000000000000", "tags:rare"],
  },
  "sluice.orchestration.v1.CatalogService.ListSchemas": {
    table: "orchestration.schemas",
    setup: [source],
    rows: [
      `insert into orchestration.schemas (schema_id, org_id, source_id, name, table_count, create_time)
       select gen_random_uuid(), $1::uuid, $2::uuid, ${name}, 1, ${time} ${numbers}`,
    ],
    rare: [ofTime, named("name"), "source_id = 00000000-0000-7000-8000-000000000000"],
  },
  "sluice.orchestration.v1.CatalogService.ListTableVersions": {
    table: "orchestration.table_versions",
    setup: [source, table],
    rows: [
      `insert into orchestration.table_versions (org_id, table_id, version, columns, create_time)
       select $1::uuid, $2::uuid, n, '[]', ${time} ${numbers}`,
    ],
    request: (tableId) => ({ tableId }),
    rare: [ofTime, "version < 10"],
  },
  "sluice.orchestration.v1.ExecutionService.ListExecutions": {
    table: "orchestration.executions",
    rows: [
      `insert into orchestration.executions (execution_id, org_id, source_id, sql, state, creator_user_id, process_id,
         create_time, end_time)
       select gen_random_uuid(), $1::uuid, $2::uuid, 'select 1', 'succeeded', $1::uuid, $2::uuid, ${time}, ${time} ${numbers}`,
    ],
    rare: [ofTime, "state = running", "source_id = 00000000-0000-7000-8000-000000000000"],
  },
  "sluice.orchestration.v1.LineageService.ListEvents": {
    table: "orchestration.lineage_events",
    rows: [
      `insert into orchestration.lineage_events (org_id, sha256, event_id, event, entity_id, create_time, event_time)
       select $1::uuid, sha256(convert_to($2::text || n, 'UTF8')), gen_random_uuid(), '{}', $2::uuid, ${time}, ${time} ${numbers}`,
    ],
    rare: [ofTime, "entity_id = 00000000-0000-7000-8000-000000000000"],
  },
  "sluice.orchestration.v1.CrashService.ListCrashes": {
    table: "orchestration.crashes",
    rows: [
      `insert into orchestration.crashes (crash_id, org_id, subject, fingerprint, file_name, file_sha256, cause, create_time)
       select gen_random_uuid(), $1::uuid, 'file', $2::text || n, ${name}, ${sha}, 'x', ${time} ${numbers}`,
    ],
    rare: [ofTime],
  },
  "sluice.storage.v1.ScrubService.ListScrubFindings": {
    table: "storage.scrub_findings",
    setup: [
      `insert into storage.scrubs (scrub_id, state, scheduled, bytes_per_second)
       select $2::uuid, 'completed', true, 1 where $1::uuid is not null`,
    ],
    rows: [
      `insert into storage.scrub_findings
         (finding_id, scrub_id, kind, org_id, sha256, file_ids, repaired, create_time)
       select gen_random_uuid(), $2::uuid, 'missing', $1::uuid, md5(n::text) || md5(n::text), '{}', false, ${time} ${numbers}`,
    ],
    request: (scrubId) => ({ scrubId }),
    rare: [ofTime],
  },
  "sluice.storage.v1.FileService.ListFiles": {
    table: "storage.files",
    setup: [blob],
    rows: [
      `insert into storage.files (file_id, org_id, name, content_type, size_bytes, sha256, creator_user_id, create_time,
         folder, kind, object_name, tags, properties)
       select gen_random_uuid(), $1::uuid, ${name}, 'text/csv', n, ${sha}, $2::uuid, ${time},
         case when n % 1000 = 0 then 'a/' || (n / 1000) || '/' else '' end,
         case when n % 1000 = 0 then 'data_source' else 'general' end, 'object ' || n,
         case when n % 1000 = 0 then array['t' || (n / 1000), 'all'] else '{}' end,
         case when n % 10000 = 0 then '{"rare": "yes"}'
           when n % 100 = 0 then jsonb_build_object('number', (n / 100)::text) else '{}' end ${numbers}`,
    ],
    rare: [
      ofTime,
      named("name"),
      "size_bytes < 10",
      "tags:t7",
      'properties.number = "8"',
      "properties:rare",
      'object_name = "object 9"',
    ],
  },
  "sluice.storage.v1.FileService.ListFileVersions": {
    table: "storage.file_versions",
    setup: [blob],
    // The first of them is the current version, whose row is that of the file.
    rows: [
      `insert into storage.files (file_id, org_id, name, content_type, size_bytes, sha256, creator_user_id, create_time)
       select $2::uuid, $1::uuid, 'a.csv', 'text/csv', n, ${sha}, $2::uuid, ${time} ${numbers} where n = 1`,
      `insert into storage.file_versions (file_id, version, org_id, content_type, size_bytes, sha256, creator_user_id,
         create_time)
       select $2::uuid, n, $1::uuid, 'text/csv', n, ${sha}, $2::uuid, ${time} ${numbers} where n > 1`,
    ],
    request: (fileId) => ({ fileId }),
    rare: [ofTime],
  },
  "sluice.storage.v1.ResumableUploadService.ListResumableUploads": {
    table: "storage.resumable_uploads",
    rows: [
      `insert into storage.resumable_uploads (upload_id, org_id, creator_user_id, kind, name, content_type, metadata,
         create_time, expire_time)
       select gen_random_uuid(), $1::uuid, $2::uuid, 'whole', 'a.csv', 'text/csv', '', ${time},
         now() + n * interval '1 hour' ${numbers}`,
    ],
    caller: (userId) => ({ userId }),
    rare: [ofTime],
  },
  "sluice.storage.v1.SignedUrlService.ListSignedUrls": {
    table: "storage.signed_urls",
    rows: [
      `insert into storage.signed_urls (url_id, org_id, operation, name, content_type, size_bytes_max, uses_max,
         creator_user_id, create_time, expire_time)
       select gen_random_uuid(), $1::uuid, 'upload', 'a.csv', 'text/csv', n, 1, $2::uuid, ${time},
         now() + n * interval '1 second' ${numbers}`,
    ],
    rare: [ofTime],
  },
  "sluice.storage.v1.ModelService.ListModels": {
    table: "storage.models",
    rows: [
      `insert into storage.models (model_id, org_id, model_name, search_text, creator_user_id, create_time)
       select gen_random_uuid(), $1::uuid, md5(n::text) || n, 'about ' || md5(n::text), $2::uuid, ${time} ${numbers}`,
    ],
    rare: [ofTime, 'model_name:"a87ff679a2"', 'text:"about a87ff679a2"'],
  },
  "sluice.storage.v1.ModelService.ListModelVersions": {
    table: "storage.model_versions",
    setup: [model],
    rows: [
      `insert into storage.model_versions (model_version_id, org_id, model_id, version, state, manifest_sha256,
         file_count, size_bytes, lineage_pending, creator_user_id, create_time)
       select gen_random_uuid(), $1::uuid, $2::uuid, n, 'pending', ${sha}, 1, n, false, $1::uuid, ${time} ${numbers}`,
    ],
    request: (model) => ({ model }),
    rare: ["version < 10"],
  },
  "sluice.storage.v1.ModelService.ListModelEvents": {
    table: "storage.model_events",
    setup: [model],
    rows: [
      `insert into storage.model_events (event_id, org_id, model_id, kind, version, create_time)
       select gen_random_uuid(), $1::uuid, $2::uuid, 'registered', n, ${time} ${numbers}`,
    ],
    request: (model) => ({ model }),
    rare: [ofTime],
  },
  "sluice.storage.v1.VectorService.ListCollections": {
    table: "storage.vector_collections",
    rows: [
      `insert into storage.vector_collections (collection_id, org_id, name, dimension, metric, creator_user_id, create_time)
       select gen_random_uuid(), $1::uuid, ${name} || n, 2, 'cosine', $2::uuid, ${time} ${numbers}`,
    ],
    rare: [ofTime, named("name")],
  },
  "sluice.staging.v1.StagingService.ListJobs": {
    table: "staging.jobs",
    rows: [
      `insert into staging.jobs (job_id, org_id, source_id, tables, selections, targets, format, chunk_rows,
         creator_user_id, create_time)
       select gen_random_uuid(), $1::uuid, $2::uuid, '[]', '[]', '[]', 'parquet', 1000, $1::uuid, ${time} ${numbers}`,
    ],
    rare: [ofTime, "state = paused", "source_id = 00000000-0000-7000-8000-000000000000"],
  },
  "sluice.staging.v1.StagingService.ListChunks": {
    table: "staging.chunks",
    setup: [blob, job],
    rows: [
      `insert into storage.files (file_id, org_id, name, content_type, size_bytes, sha256, creator_user_id, category, owner_id)
       select md5($2::text || n)::uuid, $1::uuid, 'chunk', 'x/y', n, ${sha}, $1::uuid, 'staging', $2::uuid ${numbers}`,
      `insert into staging.chunks (job_id, chunk_index, org_id, table_index, range, attempt, file_id, row_count,
         size_bytes, sha256, columns, create_time)
       select $2::uuid, n, $1::uuid, 0, '{}', 1, md5($2::text || n)::uuid, 1, 1, ${sha}, '[]', ${time} ${numbers}`,
    ],
    request: (jobId) => ({ jobId }),
    rare: ["index < 10"],
  },
  "sluice.approval.v1.ProjectService.ListProjects": {
    table: "approval.projects",
    rows: [
      `insert into approval.projects (project_id, org_id, display_name, source_id, tables, destination, creator_user_id,
         create_time, update_time)
       select gen_random_uuid(), $1::uuid, ${name}, $2::uuid, '[]',
         '{"filestore": {"name": "warehouse", "format": "PARQUET"}}', $1::uuid, ${time}, ${time} ${numbers}`,
    ],
    rare: [ofTime, named("display_name"), "state = failed"],
  },
  "sluice.approval.v1.ReviewService.ListReviews": {
    table: "approval.reviews",
    setup: [project],
    rows: [
      `insert into approval.reviews (review_id, org_id, project_id, decision, manifest_sha256, reviewer_user_id, comment,
         create_time)
       select gen_random_uuid(), $1::uuid, $2::uuid, 'approved', ${sha}, gen_random_uuid(), '', ${time} ${numbers}`,
    ],
    request: (projectId) => ({ projectId }),
    rare: [ofTime],
  },
  "sluice.approval.v1.AuditService.ListEvents": {
    table: "approval.events",
    setup: [project],
    rows: [
      `insert into approval.events (org_id, sequence, project_id, type, actor_user_id, create_time, details_json,
         previous_hash, hash)
       select $1::uuid, n, $2::uuid, 'EVENT_TYPE_UPDATED', $1::uuid, ${time}, '{}', ${sha}, ${sha} ${numbers}`,
    ],
    request: (projectId) => ({ projectId }),
    rare: ["sequence > 5 AND sequence < 10"],
  },
};

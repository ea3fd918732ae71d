import { glob } from "node:fs/promises";
import { join } from "node:path";
import { and, eq, getTableName, isTable } from "drizzle-orm";
import { getTableConfig, type PgColumn, type PgTable } from "drizzle-orm/pg-core";
import { expect, test } from "vitest";
import * as approval from "../../services/approval/schema.ts";
import * as passwords from "../../services/identity/accounts/password-schema.ts";
import * as audit from "../../services/identity/audit/audit-schema.ts";
import * as delegation from "../../services/identity/delegation/delegation-schema.ts";
import * as grants from "../../services/identity/grants/grant-schema.ts";
import * as externalIdentities from "../../services/identity/oidc/external-identity-schema.ts";
import * as identity from "../../services/identity/schema.ts";
import { everywhere, type OwnerOrgId, within } from "../../services/lib/database/scope.ts";
import type { Scope } from "../../services/lib/rpc/guard.ts";
import * as catalog from "../../services/orchestration/catalog/catalog-schema.ts";
import * as crashes from "../../services/orchestration/crashes/crash-schema.ts";
import * as lineageEvents from "../../services/orchestration/lineage/event-schema.ts";
import * as lineage from "../../services/orchestration/lineage/lineage-schema.ts";
import * as lineageOutbox from "../../services/orchestration/lineage/outbox-schema.ts";
import * as orchestration from "../../services/orchestration/schema.ts";
import * as staging from "../../services/staging/schema.ts";
import * as storageAudit from "../../services/storage/audit/audit-schema.ts";
import * as cache from "../../services/storage/cache/cache-schema.ts";
import * as encryption from "../../services/storage/encryption/encryption-schema.ts";
import * as holds from "../../services/storage/holds/hold-schema.ts";
import * as lifecycle from "../../services/storage/lifecycle/lifecycle-schema.ts";
import * as models from "../../services/storage/models/model-schema.ts";
import * as policies from "../../services/storage/policy/upload-policy-schema.ts";
import * as quota from "../../services/storage/quota/quota-schema.ts";
import * as resumable from "../../services/storage/resumable/resumable-schema.ts";
import * as schedule from "../../services/storage/schedule/schedule-schema.ts";
import * as storage from "../../services/storage/schema.ts";
import * as scrub from "../../services/storage/scrub/scrub-schema.ts";
import * as signedUrls from "../../services/storage/sign/signed-url-schema.ts";
import * as trash from "../../services/storage/trash/trash-schema.ts";
import * as vectors from "../../services/storage/vectors/vector-schema.ts";
import * as versions from "../../services/storage/versions/version-schema.ts";

/** Every file with tables. */
const schemas = {
  "services/approval/schema.ts": approval,
  "services/identity/accounts/password-schema.ts": passwords,
  "services/identity/audit/audit-schema.ts": audit,
  "services/identity/delegation/delegation-schema.ts": delegation,
  "services/identity/grants/grant-schema.ts": grants,
  "services/identity/oidc/external-identity-schema.ts": externalIdentities,
  "services/identity/schema.ts": identity,
  "services/orchestration/catalog/catalog-schema.ts": catalog,
  "services/orchestration/crashes/crash-schema.ts": crashes,
  "services/orchestration/lineage/event-schema.ts": lineageEvents,
  "services/orchestration/lineage/lineage-schema.ts": lineage,
  "services/orchestration/lineage/outbox-schema.ts": lineageOutbox,
  "services/orchestration/schema.ts": orchestration,
  "services/staging/schema.ts": staging,
  "services/storage/encryption/encryption-schema.ts": encryption,
  "services/storage/holds/hold-schema.ts": holds,
  "services/storage/lifecycle/lifecycle-schema.ts": lifecycle,
  "services/storage/models/model-schema.ts": models,
  "services/storage/policy/upload-policy-schema.ts": policies,
  "services/storage/quota/quota-schema.ts": quota,
  "services/storage/resumable/resumable-schema.ts": resumable,
  "services/storage/schedule/schedule-schema.ts": schedule,
  "services/storage/audit/audit-schema.ts": storageAudit,
  "services/storage/cache/cache-schema.ts": cache,
  "services/storage/schema.ts": storage,
  "services/storage/scrub/scrub-schema.ts": scrub,
  "services/storage/sign/signed-url-schema.ts": signedUrls,
  "services/storage/vectors/vector-schema.ts": vectors,
  "services/storage/trash/trash-schema.ts": trash,
  "services/storage/versions/version-schema.ts": versions,
};

/** Names of a module's tables with a namespace whose organisation is not that of `ownerColumns`. */
type Unowned<Module> = {
  [Name in keyof Module]: Module[Name] extends { readonly namespace: PgColumn; readonly orgId: infer OrgId }
    ? OrgId extends { readonly _: { readonly data: OwnerOrgId } }
      ? never
      : Name
    : never;
}[keyof Module];

type UnownedTable = { [Path in keyof typeof schemas]: Unowned<(typeof schemas)[Path]> }[keyof typeof schemas];

/** The tables whose namespace limits no caller, and why. Another one does not compile here. */
const exempt = {
  auditEvents: "only callers with a role in the whole organisation read events",
  closedNamespaces: "identity sets it for any namespace, and inserts read it",
  grants: "its namespace is empty for grants on the organisation",
} satisfies Record<UnownedTable, string>;

const tablesOf = (module: object): PgTable[] => Object.values(module).filter((value) => isTable(value));

test("every file with tables is looked at", async () => {
  const root = join(import.meta.dirname, "../..");
  const files = await Array.fromAsync(
    glob(["services/*/schema.ts", "services/*/*/*-schema.ts"], { cwd: root }),
  );
  expect(files.sort()).toEqual(Object.keys(schemas).sort());
});

test("every table with a namespace column has those of ownerColumns, or a reason", () => {
  const named = Object.values(schemas)
    .flatMap(tablesOf)
    .filter((table) => getTableConfig(table).columns.some(({ name }) => /(^|_)namespace$/.test(name)))
    .map((table) => getTableName(table));
  expect([...new Set(named)].sort()).toEqual([
    "audit_events",
    "cache_entries",
    "cache_leases",
    "closed_namespaces",
    "executions",
    "files",
    "grants",
    "jobs",
    "lifecycle_rules",
    "lineage_entities",
    "lineage_events",
    "lineage_kept_owners",
    "model_events",
    "model_versions",
    "models",
    "namespace_quotas",
    "projects",
    "quota_events",
    "releases",
    "reservations",
    "resumable_uploads",
    "schemas",
    "signed_urls",
    "sources",
    "table_search",
    "tables",
    "trash_policies",
    "upload_policies",
    "vector_collections",
  ]);
  expect(Object.keys(exempt)).toHaveLength(3);
});

test("a condition on the organisation alone does not compile, for any table with a namespace", () => {
  const scope: Scope = {
    orgId: "0193b3a0-0000-7000-8000-000000000000",
    namespaces: ["here"],
    principal: { orgId: "0193b3a0-0000-7000-8000-000000000000", userId: "", roles: [] },
  };
  const { files, releases } = storage;
  const { sources, tables, executions } = orchestration;
  const refused = [
    // @ts-expect-error: the namespaces are forgotten
    eq(files.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(releases.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(sources.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(tables.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(executions.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(catalog.tableSearch.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(catalog.schemas.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(vectors.vectorCollections.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(lineage.lineageEntities.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(cache.cacheEntries.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(cache.cacheLeases.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(staging.jobs.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten
    eq(approval.projects.orgId, scope.orgId),
    // @ts-expect-error: the namespaces are forgotten beside another condition, too
    and(eq(files.orgId, scope.orgId), eq(files.namespace, "here")),
    // @ts-expect-error: a scope without namespaces is none
    () => within({ orgId: scope.orgId }, files),
    // @ts-expect-error: a table without a namespace has its own conditions
    () => within(scope, quota.quotas),
  ];
  const accepted = [within(scope, files), within(everywhere(scope), files)];
  expect([refused.length, accepted.length]).toEqual([16, 2]);
});

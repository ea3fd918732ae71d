import { randomUUID } from "node:crypto";
import { drizzle } from "drizzle-orm/postgres-js";
import { expect, test } from "vitest";
import { listProjectEvents } from "../../services/approval/event-repository.ts";
import { listProjects } from "../../services/approval/project-repository.ts";
import { listReviews } from "../../services/approval/review-repository.ts";
import { listApiKeys } from "../../services/identity/api-keys/api-key-repository.ts";
import { listExternalIds } from "../../services/identity/delegation/delegation-repository.ts";
import { listGrants } from "../../services/identity/grants/grant-repository.ts";
import { listNamespaces } from "../../services/identity/namespaces/namespace-repository.ts";
import { listOrgs } from "../../services/identity/org-repository.ts";
import { listSecrets } from "../../services/identity/secret-repository.ts";
import { listUsers } from "../../services/identity/user-repository.ts";
import type { ListRequest, Page } from "../../services/lib/list/list-of.ts";
import type { Scope } from "../../services/lib/rpc/guard.ts";
import { listSchemas } from "../../services/orchestration/catalog/schema-repository.ts";
import { listTableVersions } from "../../services/orchestration/catalog/version-repository.ts";
import { listCrashes } from "../../services/orchestration/crashes/crash-repository.ts";
import { listExecutions } from "../../services/orchestration/execution-repository.ts";
import { listEvents } from "../../services/orchestration/lineage/events/event-repository.ts";
import { listSources } from "../../services/orchestration/source-repository.ts";
import { listTables } from "../../services/orchestration/table-repository.ts";
import { listChunks } from "../../services/staging/chunk-repository.ts";
import { listJobs } from "../../services/staging/job-repository.ts";
import { listEntries } from "../../services/storage/listing/list-entries.ts";
import { type FileFilter, listFiles } from "../../services/storage/listing/list-files.ts";
import { listModelEvents } from "../../services/storage/models/event-repository.ts";
import { listModels } from "../../services/storage/models/model-repository.ts";
import { listVersions as listModelVersions } from "../../services/storage/models/version-repository.ts";
import { listUploads } from "../../services/storage/resumable/upload-repository.ts";
import { listFindings } from "../../services/storage/scrub/scrub-repository.ts";
import { listSignedUrls } from "../../services/storage/sign/signed-url-repository.ts";
import { listCollections } from "../../services/storage/vectors/collection-repository.ts";
import { listVersions } from "../../services/storage/versions/version-repository.ts";
import { forFile } from "./for-file.ts";
import { listScenes } from "./list-scenes.ts";
import { createTestDatabase } from "./test-database.ts";
import { principal } from "./test-mesh.ts";

type Db = Parameters<typeof listUsers>[0];
type Read = (db: Db, scope: Scope, request: ListRequest, parentId: string) => Promise<Page<unknown>>;

const anyGrant = { userId: "", apiKeyId: "", group: "", namespace: "" };
const anyJob = { state: undefined, sourceId: undefined };
const uploads: FileFilter = {
  category: "upload",
  isTrashed: false,
  prefix: "",
  folder: "",
  contentType: "",
  kind: undefined,
};

const reads: Readonly<Record<string, Read>> = {
  "sluice.identity.v1.UserService.ListUsers": listUsers,
  "sluice.identity.v1.ApiKeyService.ListApiKeys": listApiKeys,
  "sluice.identity.v1.OrgService.ListOrgs": listOrgs,
  "sluice.identity.v1.SecretService.ListSecrets": listSecrets,
  "sluice.identity.v1.NamespaceService.ListNamespaces": listNamespaces,
  "sluice.identity.v1.GrantService.ListGrants": (db, scope, request) =>
    listGrants(db, scope, request, anyGrant),
  "sluice.identity.v1.DelegationService.ListExternalIds": (
    db,
    { orgId, principal: { userId } },
    request,
    apiKeyId,
  ) =>
    listExternalIds(
      db,
      { apiKeyId, displayName: "", orgId, userId, delegateOrgIds: [], defaultOrgId: null },
      request,
    ),
  "sluice.orchestration.v1.SourceService.ListSources": (db, scope, request) =>
    listSources(db, scope, request, ""),
  "sluice.orchestration.v1.CatalogService.ListTables": (db, scope, request) =>
    listTables(db, scope, request, { sourceId: "", schemaName: "", showDeleted: false }),
  "sluice.orchestration.v1.CatalogService.ListSchemas": (db, scope, request) =>
    listSchemas(db, scope, request, ""),
  "sluice.orchestration.v1.CatalogService.ListTableVersions": (db, scope, request, id) =>
    listTableVersions(db, scope, id, request),
  "sluice.orchestration.v1.ExecutionService.ListExecutions": (db, scope, request) =>
    listExecutions(db, scope, request, ""),
  "sluice.orchestration.v1.CrashService.ListCrashes": listCrashes,
  "sluice.orchestration.v1.LineageService.ListEvents": (db, scope, request) =>
    listEvents(db, scope, request, ""),
  "sluice.storage.v1.FileService.ListFiles": (db, scope, request) => listFiles(db, scope, request, uploads),
  "sluice.storage.v1.ScrubService.ListScrubFindings": (db, _scope, request, scrubId) =>
    listFindings(db, { ...request, scrubId }),
  "sluice.storage.v1.ResumableUploadService.ListResumableUploads": (db, scope, request, userId) =>
    listUploads(db, { ...scope, principal: { ...scope.principal, userId } }, request),
  "sluice.storage.v1.SignedUrlService.ListSignedUrls": listSignedUrls,
  "sluice.storage.v1.ModelService.ListModels": listModels,
  "sluice.storage.v1.ModelService.ListModelVersions": (db, scope, request, id) =>
    listModelVersions(db, scope, id, request),
  "sluice.storage.v1.ModelService.ListModelEvents": (db, scope, request, id) =>
    listModelEvents(db, scope, id, request),
  "sluice.storage.v1.VectorService.ListCollections": listCollections,
  "sluice.storage.v1.FileService.ListFileVersions": (db, _scope, request, fileId) =>
    listVersions(db, { fileId }, request),
  "sluice.staging.v1.StagingService.ListJobs": (db, scope, request) => listJobs(db, scope, request, anyJob),
  "sluice.staging.v1.StagingService.ListChunks": (db, scope, request, id) =>
    listChunks(db, scope, id, request),
  "sluice.approval.v1.ProjectService.ListProjects": (db, scope, request) =>
    listProjects(db, scope, request, undefined),
  "sluice.approval.v1.ReviewService.ListReviews": (db, scope, request, id) =>
    listReviews(db, scope, id, request),
  "sluice.approval.v1.AuditService.ListEvents": (db, scope, request, id) =>
    listProjectEvents(db, scope, id, request),
};

/** The list with a million rows; the others have fewer, to save time. */
const largest = "sluice.storage.v1.FileService.ListFiles";
const rowCount = (name: string): number => (name === largest ? 1_000_000 : 20_000);
/** Rows that one statement may read or sort, of those. */
const rowsReadMax = 3000;

const database = forFile(createTestDatabase);

/** Fills a table without its indexes, which are built after it, and without its foreign keys and triggers. */
async function fill(name: string, orgId: string, parentId: string): Promise<void> {
  const { table = "", setup = [], rows = [] } = listScenes[name] ?? {};
  const [schema = "", relation = ""] = table.split(".");
  await database().sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`set local maintenance_work_mem = '256MB'`;
    for (const statement of setup) await sql.unsafe(statement, [orgId, parentId]);
    const indexes = await sql`select indexname, indexdef from pg_indexes
      where schemaname = ${schema} and tablename = ${relation}
        and indexname not in (select conname from pg_constraint)`;
    for (const { indexname } of indexes) await sql`drop index ${sql(`${schema}.${indexname}`)}`;
    for (const statement of rows) await sql.unsafe(statement, [orgId, parentId, 1, rowCount(name)]);
    for (const { indexdef } of indexes) await sql.unsafe(indexdef);
  });
  await database().sql.unsafe(`analyze ${table}`);
}

type Statement = { readonly query: string; readonly params: unknown[] };

/** A pool that keeps the statements it sends. */
function recorded() {
  const statements: Statement[] = [];
  const logger = { logQuery: (query: string, params: unknown[]) => void statements.push({ query, params }) };
  return { db: drizzle({ client: database().sql, logger }), statements };
}

type Node = {
  "Node Type": string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Relation Name"?: string;
  Plans?: Node[];
};

async function planOf({ query, params }: Statement): Promise<Node> {
  const [row] = await database().sql.unsafe(
    `explain (analyze, timing off, format json) ${query}`,
    params as string[],
  );
  return row?.["QUERY PLAN"][0].Plan;
}

/** What a plan reads and sorts beyond the limit. */
function excessOf(node: Node, relation: string): string[] {
  const rows = (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"];
  const scans = node["Node Type"] === "Seq Scan" && node["Relation Name"] === relation;
  return [
    ...(scans || rows > rowsReadMax ? [`${node["Node Type"]} of ${rows} rows`] : []),
    ...(node.Plans ?? []).flatMap((plan) => excessOf(plan, relation)),
  ];
}

const requestOf = (given: Partial<ListRequest>): ListRequest => ({
  $typeName: "test",
  pageSize: 50,
  pageToken: "",
  orderBy: "",
  filter: "",
  showTotal: false,
  ...given,
});

/** The fields that `order_by` may name, as its errors list them. */
async function orderableOf(read: Read, scope: Scope): Promise<string[]> {
  const refusal = await read(recorded().db, scope, requestOf({ orderBy: "?" }), "").catch(String);
  return (/not one of (.*), at/.exec(String(refusal))?.[1] ?? "").split(", ");
}

/** Lists of files by where they are, of all namespaces and of some. */
async function readTree(db: Db, all: Scope): Promise<void> {
  const some: Scope = { ...all, namespaces: ["lab", "default"] };
  const request = requestOf({});
  const byName = requestOf({ orderBy: "name" });
  await listFiles(db, all, request, { ...uploads, prefix: "name a87ff679a2" });
  await listFiles(db, all, byName, { ...uploads, prefix: "name " });
  await listFiles(db, all, request, { ...uploads, folder: "a/7/" });
  await listFiles(db, all, request, { ...uploads, kind: "data_source" });
  await listFiles(db, all, request, { ...uploads, isTrashed: true });
  for (const scope of [all, some]) {
    for (const prefix of ["", "a/", "name ", "name a87ff679a2"]) {
      const { nextPageToken } = await listEntries(
        db,
        scope,
        { ...request, delimiter: "/" },
        { ...uploads, prefix },
      );
      const pageToken = nextPageToken;
      if (pageToken === "") continue;
      const next = { ...request, delimiter: "/", pageToken };
      await listEntries(db, scope, next, { ...uploads, prefix });
    }
  }
}

test.each(Object.keys(listScenes))(
  "OK: %s reads a page from an index, in each order and with filters that find few",
  async (name) => {
    const read = reads[name];
    if (!read) throw new Error(`no repository function for ${name}`);
    const who = principal({ roles: ["platform-admin"] });
    const scope: Scope = { orgId: who.orgId, namespaces: "all", principal: who };
    const parentId = randomUUID();
    await fill(name, who.orgId, parentId);
    const { db, statements } = recorded();
    const page = (given: Partial<ListRequest>) => read(db, scope, requestOf(given), parentId);
    const orders = (await orderableOf(read, scope)).flatMap((field) => [field, `${field} desc`]);
    for (const orderBy of ["", ...orders]) {
      const { nextPageToken: pageToken } = await page({ orderBy, pageSize: 1000 });
      expect((await page({ orderBy, pageToken })).rows).toHaveLength(50);
    }
    for (const filter of listScenes[name]?.rare ?? []) await page({ filter });
    if (name === largest) await readTree(db, scope);
    const relation = listScenes[name]?.table.split(".")[1] ?? "";
    for (const statement of statements) {
      const excess = excessOf(await planOf(statement), relation);
      expect(excess, `${statement.query} ${JSON.stringify(statement.params)}`).toEqual([]);
    }
  },
  300_000,
);

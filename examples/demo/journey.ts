import { createHash } from "node:crypto";
import { openAsBlob } from "node:fs";
import { fileURLToPath } from "node:url";
import { log, note } from "@clack/prompts";
import { AuditService } from "../../gen/sluice/approval/v1/audit_pb.ts";
import {
  FilestoreDestination_Format,
  type Project,
  ProjectService,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import { ReviewService } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { CatalogService, type Table } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { LineageKind, LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { type Job, JobState, StagingService } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { progressBar, refused, step } from "./show.ts";
import type { Sluice } from "./start-sluice.ts";
import { logIn, type User } from "./user.ts";

const dataSet = "flights-3m.parquet";
const dataSetFile = fileURLToPath(
  new URL(`../../node_modules/vega-datasets/data/${dataSet}`, import.meta.url),
);

/** Runs the journey and prints each step. */
export async function runJourney(sluice: Sluice): Promise<void> {
  log.success(`Sluice runs at ${sluice.url}: five services and the edge in one process, and a database`);
  const ada = await logIn(sluice.url, sluice.email, sluice.password);
  const grace = await step("Ada logs in and adds Grace as a reviewer", () => invite(ada, sluice.url));
  const fileId = await step(`Ada uploads ${dataSet}`, () => upload(ada));
  const { sourceId, table } = await step(
    "Ada registers it as a data source and discovers it into the catalog",
    () => discover(ada, fileId),
  );
  note(table.columns.map(({ name, dataType }) => `${name}  ${dataType}`).join("\n"), table.name);
  await query(ada, sourceId, table.name);
  await stage(ada, sourceId, table.name);
  const { projectId, manifestSha256 } = await step(
    "Ada validates and packages a release of three columns",
    () => packageRelease(ada, sourceId, table.name),
  );
  await refused("Ada tries to publish it without a review", () =>
    ada.client(ProjectService).publishProject({ projectId }),
  );
  await step("Ada submits it for review", () => ada.client(ReviewService).submitProject({ projectId }));
  await refused("Ada tries to approve it herself", () =>
    ada.client(ReviewService).approveProject({ projectId, manifestSha256 }),
  );
  await step("Grace approves the hash of the package", () =>
    grace
      .client(ReviewService)
      .approveProject({ projectId, manifestSha256, comment: "airports and delays, no names" }),
  );
  const published = await step("Ada publishes the approved bytes", () => publish(ada, projectId));
  await step("Ada downloads the published file and verifies its SHA-512", () =>
    verifyContent(ada, published),
  );
  await showLineage(ada, published);
  await showAudit(grace, projectId);
}

async function invite(ada: User, url: string): Promise<User> {
  const email = "grace@example.org";
  const password = "another long password";
  await ada
    .client(UserService)
    .createUser({ user: { email, displayName: "Grace" }, password, roles: ["approver"] });
  return logIn(url, email, password);
}

async function upload(ada: User): Promise<string> {
  const body = new FormData();
  body.set("file", await openAsBlob(dataSetFile), dataSet);
  const response = await ada.fetch("/api/v1/storage/files", { method: "POST", body });
  return ((await response.json()) as { file: { fileId: string } }).file.fileId;
}

async function discover(ada: User, fileId: string): Promise<{ sourceId: string; table: Table }> {
  const { source } = await ada.client(SourceService).createSource({
    source: { displayName: "flights", connector: "file", settings: { fileId, tableName: "flights" } },
  });
  const sourceId = source?.sourceId ?? "";
  const { added } = await ada.client(CatalogService).discover({ sourceId });
  const [table] = added;
  if (!table) throw new Error(`nothing was discovered in ${dataSet}`);
  return { sourceId, table };
}

async function query(ada: User, sourceId: string, table: string): Promise<void> {
  const sql = `SELECT origin, count(*) AS flights, round(avg(delay), 1) AS delay FROM ${table} GROUP BY origin ORDER BY flights DESC`;
  const result = await step("Ada queries it", () =>
    ada.client(ExecutionService).executeQuery({ sourceId, sql, maxRows: 5 }),
  );
  const cells = result.rows.map(({ values }) =>
    values.map(({ kind }) => String(kind.value).padEnd(10)).join(""),
  );
  note(cells.join("\n"), result.columns.map(({ name }) => name).join(", "));
}

async function stage(ada: User, sourceId: string, table: string): Promise<void> {
  const staging = ada.client(StagingService);
  const { job } = await staging.createJob({ job: { sourceId, tables: [table], chunkRows: 250_000n } });
  const bar = progressBar("Staging to Parquet for machine learning");
  let last: Job | undefined;
  for await (const { job: current } of staging.watchJob({ jobId: job?.jobId ?? "" })) {
    last = current;
    bar.advanceTo(percentOf(current), `Staging: ${rowsOf(current)} rows, ${mibOf(current)} MiB`);
  }
  if (last?.state !== JobState.SUCCEEDED) throw new Error(`staging ended: ${last?.errorMessage}`);
  bar.stop(`Staged ${rowsOf(last)} rows to ${last.progress?.chunkCount} Parquet files, ${mibOf(last)} MiB`);
}

const rowsOf = (job: Job | undefined) => Number(job?.progress?.rowCount ?? 0n).toLocaleString("en");
const mibOf = (job: Job | undefined) => (Number(job?.progress?.sizeBytes ?? 0n) / 1024 / 1024).toFixed(1);
const percentOf = (job: Job | undefined) => {
  const expected = Number(job?.progress?.rowCountExpected ?? 0n);
  return expected === 0 ? 0 : Math.min(100, Math.round((Number(job?.progress?.rowCount) * 100) / expected));
};

async function packageRelease(ada: User, sourceId: string, table: string): Promise<Project> {
  const projects = ada.client(ProjectService);
  const { project } = await projects.createProject({
    project: {
      displayName: "Delays by airport",
      sourceId,
      tables: [{ name: table, columns: ["origin", "destination", "delay"] }],
      destination: {
        kind: {
          case: "filestore",
          value: { name: "production", format: FilestoreDestination_Format.PARQUET },
        },
      },
    },
  });
  const projectId = project?.projectId ?? "";
  await projects.validateProject({ projectId });
  const packaged = await projects.packageProject({ projectId, wait: { seconds: 300n } });
  if (!packaged.project?.manifestSha256)
    throw new Error(`packaging ended: ${packaged.project?.errorMessage}`);
  return packaged.project;
}

async function publish(ada: User, projectId: string) {
  const { published, project } = await ada
    .client(ProjectService)
    .publishProject({ projectId, wait: { seconds: 300n } });
  const [first] = published;
  if (!first) throw new Error(`publication ended: ${project?.errorMessage}`);
  return first;
}

type Published = Awaited<ReturnType<typeof publish>>;

async function verifyContent(ada: User, { fileId, sha512 }: Published): Promise<void> {
  const response = await ada.fetch(`/api/v1/storage/files/${fileId}/content`);
  const hash = createHash("sha512").update(new Uint8Array(await response.arrayBuffer()));
  if (hash.digest("hex") !== sha512) throw new Error("the published file has another hash");
}

const kindNames: Record<LineageKind, string> = {
  [LineageKind.UNSPECIFIED]: "",
  [LineageKind.TABLE]: "table",
  [LineageKind.DATASET]: "data set",
  [LineageKind.JOB]: "job",
};

async function showLineage(ada: User, { datasetId, path, sha256 }: Published): Promise<void> {
  const { nodes } = await ada.client(LineageService).getUpstream({ entityId: datasetId });
  const lines = nodes.map(({ kind, name }) => `${(kindNames[kind] ?? "").padEnd(8)} ${name}`);
  note(lines.join("\n"), `Lineage of ${path}`);
  log.info(`sha256 ${sha256}`);
}

async function showAudit(grace: User, projectId: string): Promise<void> {
  const audit = grace.client(AuditService);
  const { events } = await audit.listEvents({ projectId, orderBy: "sequence" });
  const chain = await audit.verifyChain({});
  if (!chain.valid) throw new Error(`the audit chain is broken: ${chain.problem}`);
  log.success(
    `${events.length} events are recorded, each with the hash of the previous one; the chain is valid`,
  );
}

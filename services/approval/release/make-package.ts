import { toJsonString } from "@bufbuild/protobuf";
import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { FilestoreDestination_Format as Format } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import {
  FileFormat,
  type Job,
  JobState,
  type Manifest,
  ManifestSchema,
} from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { sha256 } from "../../lib/audit/event-hash.ts";
import { allowsIn } from "../../lib/rpc/permissions.ts";
import { appendEvent } from "../audit/append-event.ts";
import type { ApprovalDeps } from "../deps.ts";
import { insertPackagedFiles, type PackagedFile } from "../file-repository.ts";
import { formatOf } from "../message.ts";
import { findProject, moveProject, type ProjectRow, updatePackage } from "../project-repository.ts";
import type { State } from "../state.ts";
import { releaseFiles } from "./discard-package.ts";
import { filePath } from "./file-path.ts";
import { onBehalfOf, rightsNow, scopeFor } from "./on-behalf-of.ts";
import type { PackageWork } from "./queues.ts";
import { finalFailure, ReleaseFailure } from "./release-failure.ts";
import { removePackage } from "./remove-package.ts";

const createTimeoutMs = 60_000;
/** Maximum files of a release. Storage enforces it. */
const filesMax = 10_000;

/**
 * Stages a package and records its files. A repetition after a crash finds the same staging job, because the
 * package's id is its request id.
 */
export const makePackage =
  (deps: ApprovalDeps) =>
  async (work: PackageWork, signal: AbortSignal): Promise<void> => {
    const project = await findProject(deps.db, scopeFor(work.asker), work.projectId);
    if (!project || !needsFiles(project, work)) return releaseFiles(deps, work, signal);
    if (project.state !== "validated") return;
    try {
      const rights = await rightsNow(deps, work.asker, signal);
      if (!allowsIn({ ...work.asker, ...rights }, "projects.write", project.namespace)) {
        throw new ReleaseFailure("the user who asked for the package may not change projects any more");
      }
      const staged = await onBehalfOf(work.asker, rights, signal, () => stage(deps, work, project));
      await commitPackage(deps, work, project, staged);
      // The package can have been discarded meanwhile, before the files were held.
      const now = await findProject(deps.db, scopeFor(work.asker), work.projectId);
      if (!now || !needsFiles(now, work)) await releaseFiles(deps, work, signal);
    } catch (error) {
      const failure = finalFailure(error);
      if (!failure) throw error;
      await failPackage(deps, work, failure.message);
    }
  };

/** Whether the files of the package are still looked at or published. Other states have discarded it. */
const needsFiles = ({ packageId, state }: ProjectRow, work: PackageWork): boolean =>
  packageId === work.packageId && statesOfPackage.has(state);

const statesOfPackage: ReadonlySet<State> = new Set([
  "validated",
  "packaged",
  "in_review",
  "approved",
  "publishing",
]);

async function stage(deps: ApprovalDeps, work: PackageWork, project: ProjectRow): Promise<Manifest> {
  const { staging, packages, db } = deps;
  const selections = (project.foundTables ?? []).map(({ tableId: _, ...selection }) => selection);
  const format = formatOf(project) === Format.CSV ? FileFormat.CSV : FileFormat.PARQUET;
  const { job } = await staging.createJob(
    { job: { sourceId: project.sourceId, selections, format }, requestId: work.packageId },
    { timeoutMs: createTimeoutMs },
  );
  if (!job) throw new Error("staging answered no job");
  if (!(await updatePackage(db, scopeFor(work.asker), work, { stagingJobId: job.jobId }))) {
    throw new ReleaseFailure("another package has taken its place");
  }
  // A review can take longer than the lifetime of a staging job.
  await packages.keepJob({ jobId: job.jobId });
  const ended = await endOf(deps, job.jobId);
  const { manifest, sha256: stored } = await staging.getManifest({ jobId: job.jobId });
  if (!manifest) throw new Error("staging answered no manifest");
  // Reviewers approve the hash of the manifest, so it has to match the hashes of the files.
  const recomputed = hashOf(manifest);
  if (new Set([recomputed, stored, ended.manifestSha256]).size !== 1) {
    throw new ReleaseFailure("the staged manifest does not have the hash that it was staged with");
  }
  const fileCount = manifest.tables.reduce((sum, { files }) => sum + files.length, 0);
  if (fileCount > filesMax) {
    throw new ReleaseFailure(
      `the package has ${fileCount} files, and a release at most ${filesMax}: release fewer tables at once`,
    );
  }
  await holdFiles(deps, work, manifest);
  return manifest;
}

/** Keeps the files that reviewers look at, until they are published or not needed any more. */
async function holdFiles({ releases }: ApprovalDeps, { packageId }: PackageWork, { tables }: Manifest) {
  const fileIds = tables.flatMap(({ files }) => files.map(({ fileId }) => fileId));
  if (fileIds.length > 0)
    await releases.holdPackageFiles({ packageId, fileIds }, { timeoutMs: createTimeoutMs });
}

/** Waits until a staging job has succeeded. Throws if it ended otherwise. */
async function endOf({ staging }: ApprovalDeps, jobId: string): Promise<Job> {
  for await (const { job } of staging.watchJob({ jobId })) {
    if (job?.state === JobState.SUCCEEDED) return job;
    if (job?.state === JobState.FAILED) throw new ReleaseFailure(`staging failed: ${job.errorMessage}`);
    if (job?.state === JobState.CANCELLED) throw new ReleaseFailure("its staging job was cancelled");
  }
  throw new Error("staging ended its answer before the job");
}

function commitPackage(
  { db }: ApprovalDeps,
  { projectId, packageId, asker }: PackageWork,
  project: ProjectRow,
  manifest: Manifest,
): Promise<void> {
  const scope = scopeFor(asker);
  const files = filesOf(project, manifest);
  const manifestSha256 = hashOf(manifest);
  const { jobId: stagingJobId } = manifest;
  return db.transaction(async (tx) => {
    const change = { manifestSha256, stagingJobId };
    // Another worker can have finished the package if this one was taken for dead.
    if (!(await moveProject(tx, scope, { projectId, to: "packaged", packageId }, change))) return;
    await insertPackagedFiles(tx, scope, projectId, files);
    await appendEvent(tx, scope, {
      projectId,
      type: EventType.PACKAGED,
      details: {
        manifestSha256,
        stagingJobId,
        fileCount: files.length,
        rowCount: String(manifest.rowCount),
        sizeBytes: String(manifest.sizeBytes),
      },
    });
  });
}

function failPackage(
  deps: ApprovalDeps,
  { projectId, packageId, asker }: PackageWork,
  message: string,
): Promise<void> {
  const scope = scopeFor(asker);
  return deps.db.transaction(async (tx) => {
    const move = { projectId, to: "failed", from: ["validated"], packageId } as const;
    const failed = await moveProject(tx, scope, move, { errorMessage: message });
    if (!failed) return;
    await removePackage(deps, tx, scope, failed);
    await appendEvent(tx, scope, { projectId, type: EventType.PACKAGE_FAILED, details: { message } });
  });
}

/** SHA-256 of `manifest.json`. All services encode the message as the same JSON. */
const hashOf = (manifest: Manifest): string => sha256(toJsonString(ManifestSchema, manifest));

/** Files of a manifest with the paths of the release. */
const filesOf = (project: ProjectRow, manifest: Manifest): PackagedFile[] =>
  manifest.tables.flatMap(({ schemaName, name: tableName, files }) =>
    files.map(({ fileId, sha256: hash, sizeBytes, rowCount }, index) => ({
      schemaName,
      tableName,
      fileId,
      path: filePath({
        area: project.destination.filestore.name,
        projectId: project.projectId,
        schemaName,
        tableName,
        index,
        format: formatOf(project),
      }),
      sha256: hash,
      sizeBytes,
      rowCount,
    })),
  );

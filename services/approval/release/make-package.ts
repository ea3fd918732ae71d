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
import { allows } from "../../lib/rpc/permissions.ts";
import { appendEvent } from "../audit/append-event.ts";
import { sha256 } from "../audit/event-hash.ts";
import type { ApprovalDeps } from "../deps.ts";
import { insertPackagedFiles, type PackagedFile } from "../file-repository.ts";
import { formatOf } from "../message.ts";
import { findProject, moveProject, type ProjectRow, updatePackage } from "../project-repository.ts";
import { filePath } from "./file-path.ts";
import { onBehalfOf, rolesNow, scopeFor } from "./on-behalf-of.ts";
import type { PackageWork } from "./queues.ts";
import { finalFailure, ReleaseFailure } from "./release-failure.ts";
import { removePackage } from "./remove-package.ts";

const createTimeoutMs = 60_000;
/** Files that storage publishes as one release. */
const filesMax = 10_000;

/**
 * Has a package staged and notes what it consists of. Done again after a crash it finds the same staging job, by the
 * package's id.
 */
export const makePackage =
  (deps: ApprovalDeps) =>
  async (work: PackageWork, signal: AbortSignal): Promise<void> => {
    const project = await findProject(deps.db, scopeFor(work.asker), work.projectId);
    if (project?.packageId !== work.packageId || project.state !== "validated") return;
    try {
      const roles = await rolesNow(deps, work.asker, signal);
      if (!allows(roles, "projects.write")) {
        throw new ReleaseFailure("the user who asked for the package may not change projects any more");
      }
      const staged = await onBehalfOf(work.asker, roles, signal, () => stage(deps, work, project));
      await commitPackage(deps, work, project, staged);
    } catch (error) {
      const failure = finalFailure(error);
      if (!failure) throw error;
      await failPackage(deps, work, failure.message);
    }
  };

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
  // What is reviewed may take longer than staging keeps it by itself.
  await packages.keepJob({ jobId: job.jobId });
  const ended = await endOf(deps, job.jobId);
  const { manifest, sha256: stored } = await staging.getManifest({ jobId: job.jobId });
  if (!manifest) throw new Error("staging answered no manifest");
  // Whoever approves the hash approves the hash of every file, so the one must follow from the other.
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
  return manifest;
}

/** Waits for the end of a staging job, which is a success or thrown. */
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
    // Another worker that took this one for dead may have been faster.
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

/** The hash of `manifest.json`, which is the message's JSON as it is spelled everywhere in the mesh. */
const hashOf = (manifest: Manifest): string => sha256(toJsonString(ManifestSchema, manifest));

/** The files of a manifest, each with the path that it will be published under. */
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

import { Code, ConnectError } from "@connectrpc/connect";
import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { sha256 } from "../../lib/audit/event-hash.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import { allowsIn } from "../../lib/rpc/permissions.ts";
import { newId } from "../../lib/values/ids.ts";
import { appendEvent } from "../audit/append-event.ts";
import type { ApprovalDeps } from "../deps.ts";
import {
  insertPublishedFiles,
  listPackagedFiles,
  type PackagedFile,
  type PublishedFile,
} from "../file-repository.ts";
import { findProject, moveProject, type ProjectRow, updatePackage } from "../project-repository.ts";
import { onBehalfOf, rightsNow, scopeFor } from "./on-behalf-of.ts";
import { enqueueDiscard, type PackageWork } from "./queues.ts";
import { recordRelease } from "./record-release.ts";
import { finalFailure, ReleaseFailure } from "./release-failure.ts";

/** Storage reads all bytes of a release before it responds. */
const publishTimeoutMs = 60 * 60_000;

/**
 * Publishes a package, records the outcome and its lineage. Each step is idempotent and committed before the next one,
 * so the work resumes after a crash.
 */
export const publishRelease =
  (deps: ApprovalDeps) =>
  async (work: PackageWork, signal: AbortSignal): Promise<void> => {
    const scope = scopeFor(work.asker);
    const project = await findProject(deps.db, scope, work.projectId);
    if (project?.packageId !== work.packageId) return;
    if (project.state === "publishing") await publish(deps, work, project, signal);
    const now = await findProject(deps.db, scope, work.projectId);
    if (now?.state !== "published" || now.lineageRecorded) return;
    await onBehalfOf(work.asker, { roles: [] }, signal, () => recordRelease(deps, scope, now));
    await deps.db.transaction(async (tx) => {
      await updatePackage(tx, scope, work, { lineageRecorded: true });
      // Published files do not depend on the staged ones.
      await enqueueDiscard(deps, tx, scope, now);
    });
  };

async function publish(deps: ApprovalDeps, work: PackageWork, project: ProjectRow, signal: AbortSignal) {
  try {
    await permit(deps, work, project, signal);
    const packaged = await listPackagedFiles(deps.db, scopeFor(work.asker), work.projectId);
    const published = await onBehalfOf(work.asker, { roles: [] }, signal, () =>
      askStorage(deps, project, packaged),
    );
    await commitRelease(deps, work, project, published);
  } catch (error) {
    const failure = finalFailure(error);
    if (!failure) throw error;
    await failRelease(deps, work, project, failure);
  }
}

/**
 * Checks the asker's permission until the request to storage is sent. After that the release may be published already.
 */
async function permit(deps: ApprovalDeps, work: PackageWork, project: ProjectRow, signal: AbortSignal) {
  if (project.releaseAsked) return;
  const principal = { ...work.asker, ...(await rightsNow(deps, work.asker, signal)) };
  if (!allowsIn(principal, "projects.write", project.namespace)) {
    throw new ReleaseFailure("the user who asked for the publication may not change projects any more", {
      reason: "PERMISSION_MISSING",
    });
  }
  await updatePackage(deps.db, scopeFor(work.asker), work, { releaseAsked: true });
}

async function askStorage(
  { releases }: ApprovalDeps,
  { projectId, namespace }: Pick<ProjectRow, "projectId" | "namespace">,
  packaged: readonly PackagedFile[],
): Promise<PublishedFile[]> {
  const files = packaged.map(({ fileId, path, sha256: hash, sizeBytes }) => ({
    fileId,
    path,
    sha256: hash,
    sizeBytes,
  }));
  const answer = await releases
    .publishRelease({ releaseId: projectId, files, namespace }, { timeoutMs: publishTimeoutMs })
    .catch((error: unknown) => {
      throw asCorruption(error) ?? error;
    });
  const datasetIds = new Map<string, string>();
  return answer.files.map((file, position) => {
    const { path, sha256: hash, sha512, sizeBytes, fileId } = file;
    const expected = packaged[position];
    if (expected?.path !== path || expected.sha256 !== hash || expected.sizeBytes !== sizeBytes) {
      throw new Error("storage published another file than it was asked to");
    }
    const table = JSON.stringify([expected.schemaName, expected.tableName]);
    const datasetId = datasetIds.get(table) ?? newId();
    datasetIds.set(table, datasetId);
    return { datasetId, fileId, path, sha256: hash, sha512, sizeBytes };
  });
}

/** Maps storage's errors about files that are changed, damaged or gone. */
function asCorruption(error: unknown): ReleaseFailure | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  const isCorrupt =
    hasReason(error, ErrorReason.RELEASE_CORRUPT) || [Code.NotFound, Code.DataLoss].includes(error.code);
  return isCorrupt ? new ReleaseFailure(error.rawMessage, { reason: "RELEASE_CORRUPT" }) : undefined;
}

function commitRelease(
  { db }: ApprovalDeps,
  { projectId, packageId, asker }: PackageWork,
  { manifestSha256 }: ProjectRow,
  files: readonly PublishedFile[],
): Promise<void> {
  const scope = scopeFor(asker);
  return db.transaction(async (tx) => {
    // The release is published, even if the request of another worker was refused.
    const move = { projectId, to: "published", from: ["publishing", "approved"], packageId } as const;
    const change = { publishTime: new Date(), errorMessage: null, errorReason: null };
    if (!(await moveProject(tx, scope, move, change))) return;
    await insertPublishedFiles(tx, scope, projectId, files);
    await appendEvent(tx, scope, {
      projectId,
      type: EventType.PUBLISHED,
      details: {
        manifestSha256,
        fileCount: files.length,
        sizeBytes: String(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0n)),
        filesSha256: sha256(files.map(({ sha256: hash, path }) => `${hash}  ${path}\n`).join("")),
      },
    });
  });
}

function failRelease(
  deps: ApprovalDeps,
  { projectId, packageId, asker }: PackageWork,
  { revision }: ProjectRow,
  { message, reason, isRetryable }: ReleaseFailure,
): Promise<void> {
  const scope = scopeFor(asker);
  const to = isRetryable ? "approved" : "failed";
  const change = { errorMessage: message, errorReason: reason, releaseAsked: false };
  return deps.db.transaction(async (tx) => {
    // The revision keeps this attempt from ending a later one.
    const move = { projectId, to, from: ["publishing"], packageId, revision } as const;
    const moved = await moveProject(tx, scope, move, change);
    if (!moved) return;
    if (!isRetryable) await enqueueDiscard(deps, tx, scope, moved);
    await appendEvent(tx, scope, { projectId, type: EventType.PUBLISH_FAILED, details: { message } });
  });
}

import { create, fromJson, toJson } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Destination,
  DestinationSchema,
  FilestoreDestination_Format as Format,
  type PackagedFile,
  PackagedFileSchema,
  type Project,
  ProjectSchema,
  type PublishedFile,
  PublishedFileSchema,
  type ReviewPolicy,
  type TableSelection,
} from "../../gen/sluice/approval/v1/projects_pb.ts";
import { Decision, type Review, ReviewSchema } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import type * as files from "./file-repository.ts";
import type { ProjectRow } from "./project-repository.ts";
import type { ReviewRow } from "./review-repository.ts";
import type { SelectedTable, StoredDecision, StoredDestination } from "./schema.ts";
import { toProjectState } from "./state.ts";

/** Approvals required if a project does not set a number. */
const approvalsRequiredDefault = 1;

/** `published` are the files of the release; empty if there is none or they are left out. */
export function toProject(row: ProjectRow, published: readonly files.PublishedFile[] = []): Project {
  return create(ProjectSchema, {
    projectId: row.projectId,
    displayName: row.displayName,
    sourceId: row.sourceId,
    tables: row.tables,
    destination: toDestination(row),
    state: toProjectState(row.state),
    creatorUserId: row.creatorUserId,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    etag: String(row.revision),
    policy: { approvalsRequired: row.approvalsRequired },
    stagingJobId: row.stagingJobId ?? "",
    manifestSha256: row.manifestSha256 ?? "",
    published: published.map(toPublishedFile),
    errorMessage: row.errorMessage ?? "",
    namespace: row.namespace,
    ...(row.publishTime && { publishTime: timestampFromDate(row.publishTime) }),
  });
}

export function fromTables(tables: readonly TableSelection[]): SelectedTable[] {
  return tables.map(({ schemaName, name, columns }) => ({ schemaName, name, columns }));
}

export function fromDestination(destination: Destination): StoredDestination {
  return toJson(DestinationSchema, destination) as StoredDestination;
}

const toDestination = ({ destination }: Pick<ProjectRow, "destination">): Destination =>
  fromJson(DestinationSchema, destination);

/** File format of a release. */
export const formatOf = (project: Pick<ProjectRow, "destination">): Format =>
  toDestination(project).kind.value?.format ?? Format.PARQUET;

export const fromPolicy = (policy: ReviewPolicy | undefined): number =>
  policy?.approvalsRequired || approvalsRequiredDefault;

function toPublishedFile(file: files.PublishedFile): PublishedFile {
  const { datasetId, path, sha256, sha512, sizeBytes, fileId } = file;
  return create(PublishedFileSchema, { datasetId, path, sha256, sha512, sizeBytes, fileId });
}

export function toPackagedFile(format: Format, file: files.PackagedFile): PackagedFile {
  const { path, sha256, sizeBytes, rowCount } = file;
  return create(PackagedFileSchema, { path, format, sha256, sizeBytes, rowCount });
}

const decisions: Record<StoredDecision, Decision> = {
  approved: Decision.APPROVED,
  rejected: Decision.REJECTED,
  changes_requested: Decision.CHANGES_REQUESTED,
};

export function toReview(row: ReviewRow): Review {
  const { reviewId, manifestSha256, reviewerUserId, comment } = row;
  return create(ReviewSchema, {
    reviewId,
    decision: decisions[row.decision],
    manifestSha256,
    reviewerUserId,
    comment,
    createTime: timestampFromDate(row.createTime),
  });
}

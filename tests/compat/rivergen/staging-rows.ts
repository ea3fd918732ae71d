import { expect } from "vitest";
import {
  absent,
  as,
  asAnn,
  invalid,
  lacking,
  missing,
  notUuid,
  ok,
  pagination,
  problem,
  type Row,
  type Scene,
  signedUrl,
  time,
  unauthenticated,
  uuid,
} from "./row.ts";

const ended = (scene: Scene) => ({
  job_id: scene.jobId,
  data_source_id: scene.sourceId,
  tables: ["cities"],
  format: "parquet",
  status: "succeeded",
  error_message: null,
  progress: {
    rows_processed: 30,
    total_rows: 30,
    bytes_written: expect.any(Number),
    chunks_completed: 1,
    total_chunks: 1,
  },
  created_at: time,
  updated_at: time,
  completed_at: time,
  expires_at: time,
});
const chunk = {
  chunk_id: "0",
  schema_name: "",
  table_name: "cities",
  row_count: 30,
  size_bytes: expect.any(Number),
  sha256: expect.stringMatching(/^[\da-f]{64}$/),
  presigned_url: signedUrl,
  created_at: time,
};
const jobMissing = missing("job", absent);
const listed = "Staging jobs retrieved successfully";
const conflict = (scene: Scene, rest: string) =>
  problem("CONFLICT", `job ${scene.jobId} has succeeded: ${rest}`, { reason: "STATE_CONFLICT" });

const jobs: Row[] = [
  [
    "GET /api/v1/staging/jobs",
    "OK: the jobs, newest first",
    as("viewer", {}, 200, (scene: Scene) => ok({ items: [ended(scene)], pagination: pagination(1) }, listed)),
  ],
  [
    "GET /api/v1/staging/jobs?status=running&data_source_id={sourceId}",
    "OK: those of a status",
    as("viewer", {}, 200, ok({ items: [], pagination: pagination(0) }, listed)),
  ],
  [
    "GET /api/v1/staging/jobs?status=lost",
    "InvalidArgument: a status that there is none of",
    asAnn(
      {},
      400,
      invalid("status", "must be in list [queued, running, paused, succeeded, failed, cancelled]"),
    ),
  ],
  [
    "GET /api/v1/staging/jobs/{jobId}",
    "OK: one job",
    as("viewer", {}, 200, (scene: Scene) => ok(ended(scene), "Staging job retrieved successfully")),
  ],
  [
    "POST /api/v1/staging/jobs",
    "OK: a job begins",
    (scene) => ({
      sent: {
        headers: scene.ann,
        json: { data_source_id: scene.sourceId, tables: ["cities"], format: "csv", chunk_rows: 1000 },
      },
      status: 201,
      body: ok(
        {
          job_id: uuid,
          data_source_id: scene.sourceId,
          tables: ["cities"],
          format: "csv",
          status: "queued",
          error_message: null,
          progress: {
            rows_processed: 0,
            total_rows: 0,
            bytes_written: 0,
            chunks_completed: 0,
            total_chunks: 0,
          },
          created_at: time,
          updated_at: time,
          completed_at: null,
          expires_at: null,
        },
        "Staging job created successfully",
      ),
    }),
  ],
  [
    "POST /api/v1/staging/jobs",
    "InvalidArgument: an unknown data source",
    asAnn(
      { json: { data_source_id: absent, tables: ["t"] } },
      400,
      invalid("data_source_id", `there is no source ${absent}`),
    ),
  ],
  [
    "POST /api/v1/staging/jobs",
    "InvalidArgument: no tables",
    asAnn({ json: { data_source_id: absent } }, 400, invalid("tables", "must contain at least 1 item(s)")),
  ],
  [
    "POST /api/v1/staging/jobs",
    "PermissionDenied: a viewer",
    as("viewer", { json: { data_source_id: absent, tables: ["t"] } }, 403, lacking("staging.write")),
  ],
  ["POST /api/v1/staging/jobs", "Unauthenticated: nobody", as("nobody", { json: {} }, 401, unauthenticated)],
  [
    "POST /api/v1/staging/jobs/{jobId}/pause",
    "FailedPrecondition: it has ended",
    asAnn({}, 409, (scene: Scene) => conflict(scene, "it can't be paused")),
  ],
  [
    "POST /api/v1/staging/jobs/{jobId}/resume",
    "FailedPrecondition: it has ended",
    asAnn({}, 409, (scene: Scene) => conflict(scene, "it can't be resumed")),
  ],
  ...["GET /", "DELETE /", "POST /pause", "POST /resume", "GET /chunks", "GET /chunks/0"].map((line): Row => {
    const [method = "", rest = ""] = line.split(" ");
    const path = `${method} /api/v1/staging/jobs/${absent}${rest === "/" ? "" : rest}`;
    return [path, "NotFound: an unknown job", asAnn({}, 404, jobMissing)];
  }),
  ["GET /api/v1/staging/jobs/x", "InvalidArgument: no id", asAnn({}, 400, notUuid("job_id"))],
];

const chunks: Row[] = [
  [
    "GET /api/v1/staging/jobs/{jobId}/chunks",
    "OK: the chunks, each with a URL",
    as("viewer", {}, 200, ok({ items: [chunk], pagination: pagination(1) }, "Chunks retrieved successfully")),
  ],
  [
    "GET /api/v1/staging/jobs/{jobId}/chunks/0",
    "OK: one chunk",
    as("viewer", {}, 200, ok(chunk, "Chunk retrieved successfully")),
  ],
  [
    "GET /api/v1/staging/jobs/{jobId}/chunks/7",
    "NotFound: an unknown chunk",
    asAnn(
      {},
      404,
      problem("RESOURCE_NOT_FOUND", expect.stringContaining("7"), { reason: "RESOURCE_NOT_FOUND" }),
    ),
  ],
  [
    "GET /api/v1/staging/jobs/{jobId}/chunks/x",
    "InvalidArgument: no number",
    asAnn(
      {},
      400,
      problem("VALIDATION_ERROR", expect.stringMatching(/^chunk_id: /), {
        field: "chunk_id",
        reason: expect.any(String),
      }),
    ),
  ],
];

/** Comes last: the job is gone afterwards. */
const deletions: Row[] = [
  [
    "DELETE /api/v1/staging/jobs/{jobId}",
    "OK: a job is removed",
    asAnn({}, 200, ({ jobId }: Scene) => ok({ job_id: jobId }, "Staging job deleted successfully")),
  ],
  [
    "GET /api/v1/staging/jobs/{jobId}",
    "NotFound: it is gone",
    asAnn({}, 404, ({ jobId }: Scene) => missing("job", jobId)),
  ],
];

export const stagingRows: readonly Row[] = [...jobs, ...chunks, ...deletions];

import { createHash, randomUUID } from "node:crypto";
import { create, type MessageInitShape, toJsonString } from "@bufbuild/protobuf";
import {
  type Job,
  type JobSchema,
  JobState,
  type Manifest,
  ManifestSchema,
  StagingService,
} from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { PackageService } from "../../../gen/sluice/staging/v1/packages_pb.ts";
import { notFound } from "../../../services/lib/rpc/errors.ts";
import { scopeOf } from "../../../services/lib/rpc/guard.ts";
import { guardPart, type Steps } from "./steps.ts";
import { putFile, type StoragePeer } from "./storage.ts";

type Staged = { orgId: string; job: MessageInitShape<typeof JobSchema>; manifest: Manifest; sha256: string };

export type StagingPeer = {
  jobs: Map<string, Staged>;
  /** Jobs whose chunks do not expire. */
  kept: Set<string>;
  /** Jobs whose chunks are gone. */
  dropped: Set<string>;
  /** How a job ends. */
  outcome: Pick<Job, "state" | "errorMessage">;
  /** Files of each table. */
  filesPerTable: number;
  /** Changes a manifest after it was hashed. */
  afterwards: (manifest: Manifest) => void;
};

/** Fake staging. A job has succeeded as soon as it is created; its request id finds it again. */
export function stagingPeer(steps: Steps, storage: StoragePeer) {
  const peer: StagingPeer = {
    jobs: new Map(),
    kept: new Set(),
    dropped: new Set(),
    outcome: { state: JobState.SUCCEEDED, errorMessage: "" },
    filesPerTable: 2,
    afterwards: () => {},
  };
  const byRequest = new Map<string, string>();
  const find = (jobId: string, orgId: string): Staged => {
    const staged = peer.jobs.get(jobId);
    if (staged?.orgId !== orgId) throw notFound("job", jobId);
    return staged;
  };
  const stage = (asked: Job, orgId: string): string => {
    const jobId = randomUUID();
    const tables = asked.selections.map(({ schemaName, name }) => ({
      schemaName,
      name,
      tableId: randomUUID(),
      files: Array.from({ length: peer.filesPerTable }, (_, index) => ({
        index,
        rowCount: 10n,
        ...putFile(storage, `${jobId} ${schemaName}.${name} ${index}`),
      })),
    }));
    const manifest = create(ManifestSchema, { jobId, sourceId: asked.sourceId, tables });
    const sha256 = createHash("sha256").update(toJsonString(ManifestSchema, manifest)).digest("hex");
    peer.afterwards(manifest);
    const isDone = peer.outcome.state === JobState.SUCCEEDED;
    const job = { ...asked, ...peer.outcome, jobId, manifestSha256: isDone ? sha256 : "" };
    peer.jobs.set(jobId, { orgId, job, manifest, sha256 });
    return jobId;
  };
  const service = guardPart(StagingService, {
    createJob: ({ job, requestId }, context) =>
      steps.take("createJob", () => {
        const { orgId } = scopeOf(context);
        const jobId = byRequest.get(requestId) ?? stage(job as Job, orgId);
        byRequest.set(requestId, jobId);
        return { job: find(jobId, orgId).job };
      }),
    async *watchJob({ jobId }, context) {
      const { job } = find(jobId, scopeOf(context).orgId);
      yield { job: { ...job, state: JobState.RUNNING } };
      yield { job: await steps.take("watchJob", () => job) };
    },
    getManifest: ({ jobId }, context) =>
      steps.take("getManifest", () => {
        const { manifest, sha256 } = find(jobId, scopeOf(context).orgId);
        return { manifest, sha256 };
      }),
  });
  const packages = guardPart(PackageService, {
    keepJob: ({ jobId }, context) =>
      steps.take("keepJob", () => {
        find(jobId, scopeOf(context).orgId);
        peer.kept.add(jobId);
        return {};
      }),
    dropJob: ({ jobId }, context) =>
      steps.take("dropJob", () => {
        find(jobId, scopeOf(context).orgId);
        peer.kept.delete(jobId);
        peer.dropped.add(jobId);
        return {};
      }),
  });
  return { peer, services: [service, packages] };
}

import { timestampDate } from "@bufbuild/protobuf/wkt";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { ExtractFormat, type PlanChunksResponse } from "../../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import { deleteChunks, insertChunks, listPlannedChunks, type NewChunk } from "../chunk-repository.ts";
import type { StagingDeps } from "../deps.ts";
import { snapshotLost, tooManyChunks } from "../errors.ts";
import { type JobRow, updateAttempt } from "../job-repository.ts";
import { enqueueSweep } from "../queues.ts";
import type { PlannedTable } from "../schema.ts";
import { AttemptOver } from "./attempt-over.ts";
import { closeSnapshot } from "./keep-snapshot.ts";
import { whenFree } from "./when-free.ts";

/** A job with its plan and an open snapshot. */
export type PlannedJob = JobRow & { snapshotId: string; plannedTables: PlannedTable[] };

const chunksMax = 100_000;
/** A source that loses one snapshot after the other will not be read. */
const plansMax = 20;

const extractFormats = { parquet: ExtractFormat.PARQUET, csv: ExtractFormat.CSV } as const;

/** The plan of the job's open snapshot, or, where that is gone, a new snapshot with its plan, committed. */
export async function openPlan(deps: StagingDeps, job: JobRow, signal: AbortSignal): Promise<PlannedJob> {
  if (await isOpen(deps, job)) return planned(job);
  const { db, extracts, jobs } = deps;
  if (job.planCount >= plansMax) throw snapshotLost(job.planCount);
  const { sourceId, targets: tables, chunkRows } = job;
  const request = { sourceId, tables, chunkRows, format: extractFormats[job.format] };
  const plan = await whenFree(() => extracts.planChunks(request), signal);
  try {
    if (plan.chunks.length > chunksMax) throw tooManyChunks(plan.chunks.length, chunksMax);
    const opened = await db.transaction(async (tx) => {
      const goesOn = await hasSameRows(tx, job, plan);
      const row = await updateAttempt(tx, job, changeOf(job, plan, goesOn));
      if (!row) throw new AttemptOver();
      if (goesOn) return row;
      await deleteChunks(tx, job, job.jobId);
      await insertChunks(tx, job, job.jobId, chunksOf(plan));
      if (job.chunkCount > 0) await enqueueSweep(jobs, tx, job);
      return row;
    });
    return planned(opened);
  } catch (error) {
    await closeSnapshot(deps, plan.snapshotId);
    throw error;
  }
}

async function isOpen({ extracts }: StagingDeps, { snapshotId }: JobRow): Promise<boolean> {
  if (snapshotId === null) return false;
  try {
    await extracts.renewSnapshot({ snapshotId });
    return true;
  } catch (error) {
    if (!hasReason(error, ErrorReason.SNAPSHOT_GONE)) throw error;
    return false;
  }
}

function planned(job: JobRow): PlannedJob {
  const { snapshotId, plannedTables } = job;
  if (snapshotId === null || plannedTables === null) throw new Error(`job ${job.jobId} has no plan`);
  return { ...job, snapshotId, plannedTables };
}

/** Whether the plan has the rows of the job's own in the same chunks, so that what is stored stays good. */
async function hasSameRows(db: StagingDeps["db"], job: JobRow, plan: PlanChunksResponse): Promise<boolean> {
  const proven = job.snapshotRepeatable && plan.repeatable && job.snapshot === plan.snapshot;
  if (!proven || job.chunkCountPlanned !== plan.chunks.length) return false;
  const before = await listPlannedChunks(db, job, job.jobId);
  return before.every(({ chunkIndex, tableIndex, range }) => {
    const chunk = plan.chunks[chunkIndex];
    return chunk?.tableIndex === tableIndex && chunk.range === range;
  });
}

const chunksOf = ({ chunks }: PlanChunksResponse): NewChunk[] =>
  chunks.map(({ tableIndex, range, rowCountExpected }, chunkIndex) => ({
    chunkIndex,
    tableIndex,
    range,
    rowCountExpected,
  }));

function changeOf(job: JobRow, plan: PlanChunksResponse, goesOn: boolean) {
  const { snapshotId } = plan;
  const planCount = job.planCount + 1;
  if (goesOn) return { snapshotId, planCount };
  return {
    snapshotId,
    planCount,
    snapshot: plan.snapshot,
    snapshotRepeatable: plan.repeatable,
    snapshotTime: plan.snapshotTime ? timestampDate(plan.snapshotTime) : null,
    plannedTables: plan.tables.map(({ tableId, schemaName, name, columns, rowSecurity }) => ({
      tableId,
      schemaName,
      name,
      rowSecurity,
      columns: columns.map(({ name, sourceName, sourceType, dataType, nullable }) => ({
        name,
        sourceName,
        sourceType,
        dataType,
        nullable,
      })),
    })),
    rowCount: 0n,
    sizeBytes: 0n,
    chunkCount: 0,
    chunkCountPlanned: plan.chunks.length,
    rowCountExpected: plan.chunks.reduce((sum, { rowCountExpected }) => sum + rowCountExpected, 0n),
  };
}

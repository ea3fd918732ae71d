import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  ScrubFindingKind,
  type ScrubFindingSchema,
  type ScrubSchema,
  ScrubState,
} from "../../../gen/sluice/storage/v1/scrubs_pb.ts";
import type { FindingKind, FindingRow, ScrubReport, ScrubRow } from "./scrub-repository.ts";

const states: Readonly<Record<ScrubRow["state"], ScrubState>> = {
  running: ScrubState.RUNNING,
  completed: ScrubState.COMPLETED,
};

const kinds: Readonly<Record<FindingKind, ScrubFindingKind>> = {
  corrupt: ScrubFindingKind.CORRUPT,
  wrong_size: ScrubFindingKind.WRONG_SIZE,
  missing: ScrubFindingKind.MISSING,
  unknown: ScrubFindingKind.UNKNOWN,
};

export const toScrub = (row: ScrubReport): MessageInitShape<typeof ScrubSchema> => ({
  scrubId: row.scrubId,
  state: states[row.state],
  scheduled: row.scheduled,
  creatorUserId: row.creatorUserId ?? "",
  createTime: timestampFromDate(row.createTime),
  ...(row.endTime && { endTime: timestampFromDate(row.endTime) }),
  objectCount: BigInt(row.objectCount),
  readBytes: BigInt(row.readBytes),
  corruptCount: BigInt(row.found.corrupt),
  wrongSizeCount: BigInt(row.found.wrong_size),
  missingCount: BigInt(row.found.missing),
  unknownCount: BigInt(row.found.unknown),
  repairedCount: BigInt(row.found.repaired),
});

export const toFinding = (row: FindingRow): MessageInitShape<typeof ScrubFindingSchema> => ({
  findingId: row.findingId,
  kind: kinds[row.kind],
  orgId: row.orgId,
  sha256: row.sha256,
  fileIds: row.fileIds,
  fileCount: BigInt(row.fileCount),
  repaired: row.repaired,
  createTime: timestampFromDate(row.createTime),
});

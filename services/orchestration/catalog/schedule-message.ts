import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { DiscoveryScheduleSchema } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { ScheduleRow } from "./schedule/schedule-repository.ts";

const toTime = (time: string) => timestampFromDate(new Date(time));

/** The schedule of a source; without a row, it has none. */
export const toSchedule = (
  sourceId: string,
  row: ScheduleRow | undefined,
): MessageInitShape<typeof DiscoveryScheduleSchema> =>
  row === undefined
    ? { sourceId }
    : {
        sourceId,
        intervalMinutes: row.intervalMinutes,
        nextTime: toTime(row.nextTime),
        ...(row.startTime !== null && { startTime: toTime(row.startTime) }),
        ...(row.endTime !== null && { endTime: toTime(row.endTime) }),
        errorMessage: row.errorMessage,
      };

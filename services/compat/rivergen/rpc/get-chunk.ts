import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../../gen/compat/rivergen/v1/staging_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { toChunk } from "../staging-message.ts";
import { succeed } from "../succeed.ts";

export const getChunk =
  ({ jobs }: RivergenDeps): MethodImpl<typeof StagingService.method.getChunk> =>
  async ({ jobId, chunkId }) => {
    const { chunk } = await jobs.getChunk({ jobId, chunkIndex: Number(chunkId) });
    return succeed(toChunk(answeredBy("staging", chunk)), "Chunk retrieved successfully");
  };

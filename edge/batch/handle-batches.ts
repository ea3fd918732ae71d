import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import {
  BatchService,
  RunBatchRequestSchema,
  RunBatchResponseSchema,
} from "../../gen/sluice/edge/v1/batch_pb.ts";
import { validate } from "../../services/lib/rpc/guard.ts";
import type { Calls, ForwardedCall } from "../call/calls.ts";
import type { UnaryResponse } from "../upstream/status.ts";
import type { RunBatch } from "./run-batch.ts";

/** Handles calls of BatchService in the edge; all others go to their upstreams. */
export function handleBatches(calls: Calls, runBatch: RunBatch): Calls {
  return {
    ...calls,
    exchangeOne: (call, message) =>
      call.method.parent.typeName === BatchService.typeName
        ? handle(runBatch, call, message)
        : calls.exchangeOne(call, message),
  };
}

async function handle(runBatch: RunBatch, call: ForwardedCall, message: Uint8Array): Promise<UnaryResponse> {
  try {
    const request = fromBinary(RunBatchRequestSchema, message);
    validate(RunBatchRequestSchema, request);
    const bytes = toBinary(RunBatchResponseSchema, await runBatch(call, request));
    return { headers: [], message: Buffer.from(bytes), trailers: [], error: undefined };
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return { headers: undefined, message: undefined, trailers: [], error };
  }
}

import { fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { Metadata } from "@grpc/grpc-js";
import {
  BatchService,
  type RunBatchRequest,
  RunBatchRequestSchema,
  RunBatchResponseSchema,
} from "../../gen/sluice/edge/v1/batch_pb.ts";
import { validate } from "../../services/lib/guard.ts";
import type { Forward, ForwardedCall } from "../forward.ts";
import type { OneAnswer } from "../upstream-status.ts";
import type { RunBatch } from "./run-batch.ts";

/** Answers batches here; everything else goes on. */
export function answerBatches(forward: Forward, runBatch: RunBatch): Forward {
  const run = async (call: ForwardedCall, request: RunBatchRequest) => {
    validate(RunBatchRequestSchema, request);
    return runBatch(call, request);
  };
  const isBatch = ({ method }: ForwardedCall) => method.parent.typeName === BatchService.typeName;
  return {
    ...forward,
    unary: (call, message: Message) =>
      isBatch(call) ? run(call, message as RunBatchRequest) : forward.unary(call, message),
    exchangeOne: (call, message) =>
      isBatch(call)
        ? encoded(() => run(call, fromBinary(RunBatchRequestSchema, message)))
        : forward.exchangeOne(call, message),
  };
}

async function encoded(work: () => ReturnType<RunBatch>): Promise<OneAnswer> {
  const nothing = { headers: undefined, message: undefined, trailers: new Metadata() };
  try {
    const message = Buffer.from(toBinary(RunBatchResponseSchema, await work()));
    return { ...nothing, headers: new Metadata(), message, error: undefined };
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return { ...nothing, error };
  }
}

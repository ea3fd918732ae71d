import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { bounds } from "../../gen/sluice/common/v1/options_pb.ts";

const streamBytesMax = 64 * 1024 ** 3;
const streamMessagesMax = 1_000_000;

/** Limits of a method. Streams have defaults; undefined stands for the default of the edge. */
export type MethodBounds = {
  readonly messageBytesMax: number | undefined;
  readonly streamBytesMax: number;
  readonly streamMessagesMax: number;
  readonly defaultTimeoutMs: number | undefined;
  readonly maxTimeoutMs: number | undefined;
};

const byMethod = new WeakMap<DescMethod, MethodBounds>();

export function boundsOf(method: DescMethod): MethodBounds {
  const known = byMethod.get(method) ?? readBounds(method);
  byMethod.set(method, known);
  return known;
}

function readBounds(method: DescMethod): MethodBounds {
  const option = hasOption(method, bounds) ? getOption(method, bounds) : undefined;
  return {
    messageBytesMax: option?.messageBytesMax || undefined,
    streamBytesMax: Number(option?.streamBytesMax ?? 0n) || streamBytesMax,
    streamMessagesMax: option?.streamMessagesMax || streamMessagesMax,
    defaultTimeoutMs: option?.defaultTimeoutMs || undefined,
    maxTimeoutMs: option?.maxTimeoutMs || undefined,
  };
}

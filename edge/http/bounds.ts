import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { bounds } from "../../gen/sluice/common/v1/options_pb.ts";

const streamBytesMax = 64 * 1024 ** 3;
const streamMessagesMax = 1_000_000;

/** What a call may take. Where the contract says nothing, streams get the usual, and the rest is the edge's to say. */
export type MethodBounds = {
  readonly messageBytesMax: number | undefined;
  readonly streamBytesMax: number;
  readonly streamMessagesMax: number;
  readonly defaultTimeoutMs: number | undefined;
  readonly maxTimeoutMs: number | undefined;
};

const byMethod = new WeakMap<DescMethod, MethodBounds>();

/** The bounds of a method. */
export function boundsOf(method: DescMethod): MethodBounds {
  const known = byMethod.get(method) ?? readBounds(method);
  byMethod.set(method, known);
  return known;
}

function readBounds(method: DescMethod): MethodBounds {
  const said = hasOption(method, bounds) ? getOption(method, bounds) : undefined;
  return {
    messageBytesMax: said?.messageBytesMax || undefined,
    streamBytesMax: Number(said?.streamBytesMax ?? 0n) || streamBytesMax,
    streamMessagesMax: said?.streamMessagesMax || streamMessagesMax,
    defaultTimeoutMs: said?.defaultTimeoutMs || undefined,
    maxTimeoutMs: said?.maxTimeoutMs || undefined,
  };
}

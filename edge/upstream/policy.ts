import { type DescMethod, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { durationMs, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { hedging } from "../../gen/sluice/common/v1/options_pb.ts";

/** Calls of a hedged method where its contract does not say how many. */
const hedgedCalls = 2;

/** What may be done with a call of a method, as its contract says. */
export type CallPolicy = {
  readonly path: string;
  /** Whether a call with this request, encoded, may be made again although the first may have had its effect. */
  mayRepeat(message: Uint8Array | undefined): boolean;
  /** How many calls may be made at once, each so long after the one before; none where the contract does not say so. */
  readonly hedging: Hedging | undefined;
};

type Hedging = { readonly delayMs: number; readonly callsMax: number };

const policies = new WeakMap<DescMethod, CallPolicy>();

/**
 * A method without side effects may be called again; another one if its request carries a `request_id`, by which the
 * service knows it.
 */
export function policyOf(method: DescMethod): CallPolicy {
  const known = policies.get(method);
  if (known) return known;
  const isRead = method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
  const requestId = method.input.fields.find(
    ({ name, scalar }) => name === "request_id" && scalar === ScalarType.STRING,
  );
  const policy: CallPolicy = {
    path: `/${method.parent.typeName}/${method.name}`,
    mayRepeat: (message) =>
      isRead || (requestId !== undefined && message !== undefined && isSet(message, requestId.number)),
    hedging: hedgingOf(method, isRead),
  };
  policies.set(method, policy);
  return policy;
}

function hedgingOf(method: DescMethod, isRead: boolean): Hedging | undefined {
  if (!hasOption(method, hedging)) return undefined;
  const { delay, callsMax } = getOption(method, hedging);
  const delayMs = delay ? durationMs(delay) : 0;
  if (!isRead || method.methodKind !== "unary") {
    throw new Error(`${method} is hedged, but only a unary method without side effects can be`);
  }
  if (delayMs < 1) throw new Error(`${method} is hedged without a delay`);
  return { delayMs, callsMax: callsMax || hedgedCalls };
}

/** Whether a string field of an encoded message is there and not empty. */
function isSet(message: Uint8Array, fieldNumber: number): boolean {
  const reader = new BinaryReader(message);
  try {
    let isThere = false;
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === fieldNumber && wireType === WireType.LengthDelimited)
        isThere = reader.bytes().byteLength > 0;
      else reader.skip(wireType, field);
    }
    return isThere;
  } catch {
    // Not a message; the service says so.
    return false;
  }
}

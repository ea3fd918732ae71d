import { type DescMethod, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { durationMs, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { hedging } from "../../gen/sluice/common/v1/options_pb.ts";

/** Attempts of a hedged call, unless the contract says otherwise. */
const hedgedCalls = 2;

/** How calls of a method may be retried, derived from its contract. */
export type CallPolicy = {
  readonly path: string;
  /** Whether a call with this request, encoded, may be retried although an earlier attempt may have had its effect. */
  mayRetry(message: Uint8Array | undefined): boolean;
  /** Undefined for a method that is not hedged. */
  readonly hedging: Hedging | undefined;
};

/** At most `callsMax` attempts, each `delayMs` after the one before. */
export type Hedging = { readonly delayMs: number; readonly callsMax: number };

const policies = new WeakMap<DescMethod, CallPolicy>();

/**
 * Calls of a method without side effects may be retried. Others may if the request has a `request_id`, by which the service
 * recognizes a repeated call.
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
    mayRetry: (message) =>
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

/** Whether a string field of an encoded message is not empty. */
function isSet(message: Uint8Array, fieldNumber: number): boolean {
  const reader = new BinaryReader(message);
  try {
    let found = false;
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === fieldNumber && wireType === WireType.LengthDelimited)
        found = reader.bytes().byteLength > 0;
      else reader.skip(wireType, field);
    }
    return found;
  } catch {
    // The service rejects a malformed message.
    return false;
  }
}

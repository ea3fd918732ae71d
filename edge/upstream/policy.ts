import { type DescMethod, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";

/** What may be done with a call of a method, as its contract says. */
export type CallPolicy = {
  readonly path: string;
  /** Whether a call with this request, encoded, may be made again although the first may have had its effect. */
  mayRepeat(message: Uint8Array | undefined): boolean;
  /** How many calls may be made at once, each so long after the one before; none where the contract does not say so. */
  readonly hedging: { readonly delayMs: number; readonly callsMax: number } | undefined;
};

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
    hedging: undefined,
  };
  policies.set(method, policy);
  return policy;
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

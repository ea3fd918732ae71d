import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";

const retryPolicy = {
  maxAttempts: 4,
  initialBackoff: "0.05s",
  maxBackoff: "1s",
  backoffMultiplier: 2,
  retryableStatusCodes: ["UNAVAILABLE"],
};

/** No repetitions while fewer than half of the tokens are left: a failure takes one, a success gives a tenth back. */
const retryThrottling = { maxTokens: 100, tokenRatio: 0.1 };

/**
 * What gRPC's clients do beside calling, as the contracts allow: they use all addresses of a name in turn, and repeat
 * what has no side effects.
 */
export function serviceConfigOf(services: readonly DescService[]): object {
  const name = services.flatMap(({ methods }) => methods.filter(mayRepeat).map(nameOf));
  return {
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: name.length > 0 ? [{ name, retryPolicy }] : [],
    retryThrottling,
  };
}

const mayRepeat = ({ idempotency }: DescMethod): boolean =>
  idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;

const nameOf = ({ parent, name }: DescMethod) => ({ service: parent.typeName, method: name });

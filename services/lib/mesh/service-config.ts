import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";

const retryPolicy = {
  maxAttempts: 4,
  initialBackoff: "0.05s",
  maxBackoff: "1s",
  backoffMultiplier: 2,
  retryableStatusCodes: ["UNAVAILABLE"],
};

/** No retries while half of the tokens or fewer are left. A failure costs one, a success earns a tenth. */
const retryThrottling = { maxTokens: 100, tokenRatio: 0.1 };

/** gRPC's service config: round robin over all addresses, and retries of the methods without side effects. */
export function serviceConfigOf(services: readonly DescService[]): object {
  const name = services.flatMap(({ methods }) => methods.filter(mayRetry).map(nameOf));
  return {
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: name.length > 0 ? [{ name, retryPolicy }] : [],
    retryThrottling,
  };
}

const mayRetry = ({ idempotency }: DescMethod): boolean =>
  idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;

const nameOf = ({ parent, name }: DescMethod) => ({ service: parent.typeName, method: name });

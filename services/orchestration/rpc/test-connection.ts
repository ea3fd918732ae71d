import { ConnectError, type MethodImpl } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { ConnectorService } from "../../../gen/sluice/orchestration/v1/connectors_pb.ts";
import { hasReason } from "../../lib/errors.ts";
import { scopeOf } from "../../lib/guard.ts";
import { refuseInsecureLogin } from "../check-source.ts";
import type { Settings } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { connectorNotFound, timedOut } from "../errors.ts";
import { limitTime } from "../executions/time-limit.ts";

/** How long a source may take to answer, in milliseconds. */
const testTimeoutMs = 10_000;

/** Why a source can't be read, as an answer instead of an error. */
const reasons = [
  ErrorReason.SOURCE_UNREACHABLE,
  ErrorReason.SOURCE_DATA_INVALID,
  ErrorReason.SECRET_NOT_FOUND,
  ErrorReason.SECRET_NOT_ALLOWED,
  ErrorReason.INSECURE_CONNECTION,
  ErrorReason.ADDRESS_REFUSED,
  ErrorReason.EXECUTION_LIMIT,
];

export const testConnection =
  ({ connectors }: OrchestrationDeps): MethodImpl<typeof ConnectorService.method.testConnection> =>
  async ({ connector: name, settings }, context) => {
    const connector = connectors.get(name);
    if (!connector) throw connectorNotFound(name);
    const source = connector.open(settings as Settings, "settings");
    refuseInsecureLogin(scopeOf(context), source);
    const begun = performance.now();
    const latencyMs = () => Math.round(performance.now() - begun);
    using limit = limitTime(context.signal, testTimeoutMs, () => timedOut("the test", testTimeoutMs));
    try {
      const { serverVersion } = await source.test(limit);
      return { connected: true, serverVersion, latencyMs: latencyMs() };
    } catch (error) {
      if (!(error instanceof ConnectError && reasons.some((reason) => hasReason(error, reason)))) throw error;
      return { connected: false, reason: error.rawMessage, latencyMs: latencyMs() };
    }
  };

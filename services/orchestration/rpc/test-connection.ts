import { ConnectError, type MethodImpl } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { ConnectorService } from "../../../gen/sluice/orchestration/v1/connectors_pb.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { Settings } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { connectorNotFound } from "../errors.ts";
import { startWork } from "../executions/start-work.ts";
import { refuseInsecureLogin, refuseSecrets } from "../sources/check-source.ts";

/** Time limit of a test, in milliseconds. */
const testTimeoutMs = 10_000;

/** Reasons that are reported in the response instead of as an error. */
const reasons = [
  ErrorReason.SOURCE_UNREACHABLE,
  ErrorReason.SOURCE_DATA_INVALID,
  ErrorReason.SECRET_NOT_FOUND,
  ErrorReason.SECRET_NOT_ALLOWED,
  ErrorReason.INSECURE_CONNECTION,
  ErrorReason.ADDRESS_REFUSED,
  ErrorReason.SOURCE_PATH_REFUSED,
  ErrorReason.EXECUTION_LIMIT,
];

export const testConnection =
  (deps: OrchestrationDeps): MethodImpl<typeof ConnectorService.method.testConnection> =>
  async ({ connector: name, settings }, context) => {
    const connector = deps.connectors.get(name);
    if (!connector) throw connectorNotFound(name);
    const source = connector.open(settings as Settings, "settings");
    const scope = scopeOf(context);
    refuseInsecureLogin(scope, source);
    refuseSecrets(scope, source);
    using work = startWork(deps, context, {
      workClass: "interactive",
      subject: "the test",
      limits: [{ ms: testTimeoutMs, setBy: "server" }],
    });
    using admitted = await work.admit();
    const begun = performance.now();
    const latencyMs = () => Math.round(performance.now() - begun);
    try {
      const { serverVersion } = await source.test(admitted);
      return { connected: true, serverVersion, latencyMs: latencyMs() };
    } catch (error) {
      if (!(error instanceof ConnectError && reasons.some((reason) => hasReason(error, reason)))) throw error;
      return { connected: false, reason: error.rawMessage, latencyMs: latencyMs() };
    }
  };

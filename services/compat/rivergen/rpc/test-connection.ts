import type { MethodImpl } from "@connectrpc/connect";
import type { ConnectorService } from "../../../../gen/compat/rivergen/v1/connectors_pb.ts";
import type { TestConnectionResponse } from "../../../../gen/sluice/orchestration/v1/connectors_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { succeed } from "../succeed.ts";
import { withOwnFields } from "../with-own-fields.ts";

export const testConnection =
  ({ connectors }: RivergenDeps): MethodImpl<typeof ConnectorService.method.testConnection> =>
  async ({ connectorType, settings }) => {
    const outcome = await withOwnFields({ connector: "connector_type" }, () =>
      connectors.testConnection({ connector: connectorType, ...(settings && { settings }) }),
    );
    return outcome.connected
      ? succeed(toSuccess(outcome), "Connection test succeeded")
      : succeed(toFailure(outcome), "Connection test failed");
  };

const toSuccess = ({ latencyMs, serverVersion }: TestConnectionResponse) => ({
  connectionSuccessful: true,
  status: "active",
  responseTimeMs: latencyMs,
  ...(serverVersion && { databaseVersion: serverVersion }),
});

const toFailure = ({ reason }: TestConnectionResponse) => ({
  connectionSuccessful: false,
  status: "failed",
  errorMessage: reason,
  errorCode: "CONNECTION_ERROR",
});

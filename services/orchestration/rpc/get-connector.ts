import type { MethodImpl } from "@connectrpc/connect";
import type { ConnectorService } from "../../../gen/sluice/orchestration/v1/connectors_pb.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { connectorNotFound } from "../errors.ts";
import { toConnector } from "../message.ts";

export const getConnector =
  ({ connectors }: OrchestrationDeps): MethodImpl<typeof ConnectorService.method.getConnector> =>
  ({ connector }) => {
    const found = connectors.get(connector);
    if (!found) throw connectorNotFound(connector);
    return { connector: toConnector(found) };
  };

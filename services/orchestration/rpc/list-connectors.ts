import type { MethodImpl } from "@connectrpc/connect";
import type { ConnectorService } from "../../../gen/sluice/orchestration/v1/connectors_pb.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { toConnector } from "../message.ts";

export const listConnectors =
  ({ connectors }: OrchestrationDeps): MethodImpl<typeof ConnectorService.method.listConnectors> =>
  () => ({ connectors: [...connectors.values()].map(toConnector) });

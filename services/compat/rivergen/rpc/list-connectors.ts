import type { MethodImpl } from "@connectrpc/connect";
import type { ConnectorService } from "../../../../gen/compat/rivergen/v1/connectors_pb.ts";
import { toConnector } from "../connector-message.ts";
import type { RivergenDeps } from "../deps.ts";
import { succeed } from "../succeed.ts";

export const listConnectors =
  (deps: RivergenDeps): MethodImpl<typeof ConnectorService.method.listConnectors> =>
  async () => {
    const { connectors } = await deps.connectors.listConnectors({});
    return succeed({ items: connectors.map(toConnector) }, "Connectors retrieved successfully");
  };

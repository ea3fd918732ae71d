import type { MethodImpl } from "@connectrpc/connect";
import type { ConnectorService } from "../../../../gen/compat/rivergen/v1/connectors_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import { toConnector } from "../connector-message.ts";
import type { RivergenDeps } from "../deps.ts";
import { succeed } from "../succeed.ts";

export const getConnector =
  ({ connectors }: RivergenDeps): MethodImpl<typeof ConnectorService.method.getConnector> =>
  async ({ type }) => {
    const { connector } = await connectors.getConnector({ connector: type });
    return succeed(toConnector(answeredBy("orchestration", connector)), "Connector retrieved successfully");
  };

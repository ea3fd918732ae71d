import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ConnectorSchema } from "../../../gen/compat/rivergen/v1/connectors_pb.ts";
import type { Connector } from "../../../gen/sluice/orchestration/v1/connectors_pb.ts";

export const toConnector = ({
  name,
  description,
  settingsSchema,
  capabilities,
}: Connector): MessageInitShape<typeof ConnectorSchema> => ({
  type: name,
  description,
  ...(settingsSchema && { settingsSchema }),
  capabilities: {
    discover: capabilities?.discover ?? false,
    query: capabilities?.query ?? false,
    manyTables: capabilities?.manyTables ?? false,
    nativeSql: capabilities?.nativeSql ?? false,
    tls: capabilities?.tls ?? false,
  },
});

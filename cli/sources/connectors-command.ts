import {
  type Connector,
  ConnectorService,
  GetConnectorResponseSchema,
  ListConnectorsResponseSchema,
} from "../../gen/sluice/orchestration/v1/connectors_pb.ts";
import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { printItems } from "../command/list.ts";
import { settingsSchemaOf } from "./setting-schema.ts";

/** Lists the connectors, or describes one. */
export const connectors = command({
  name: "connectors",
  summary: "List the kinds of sources, or describe the settings of one",
  args: ["[connector]"],
  examples: ["sources connectors", "sources connectors file"],
  async run(call, [name]) {
    const client = await call.client(ConnectorService);
    if (name !== undefined) {
      const response = await client.getConnector({ connector: name }, { signal: call.signal });
      return call.show(GetConnectorResponseSchema, response, () =>
        describeSettings(call, response.connector),
      );
    }
    const response = await client.listConnectors({}, { signal: call.signal });
    await call.show(ListConnectorsResponseSchema, response, () => {
      printItems(
        call,
        [
          { title: "name", value: (one: Connector) => one.name },
          { title: "description", value: (one: Connector) => one.description },
        ],
        response.connectors,
      );
    });
  },
});

function describeSettings(call: Call, connector: Connector | undefined): void {
  const { properties, required } = settingsSchemaOf(connector?.settingsSchema);
  const columns = [
    { title: "setting", value: ([name]: [string, (typeof properties)[string]]) => name },
    { title: "needed", value: ([name]: [string, unknown]) => (required.includes(name) ? "yes" : "") },
    {
      title: "values",
      value: ([, schema]: [string, (typeof properties)[string]]) =>
        schema.enum?.join(", ") ?? schema.type ?? schema.anyOf?.map(({ type }) => type).join(" or ") ?? "",
    },
    {
      title: "description",
      value: ([, schema]: [string, (typeof properties)[string]]) => schema.description ?? "",
    },
  ];
  printItems(call, columns, Object.entries(properties));
}

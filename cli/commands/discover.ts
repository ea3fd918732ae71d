import { CatalogService, DiscoverResponseSchema } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { command } from "../command/command.ts";
import { resolveSource } from "../resolve/resolve-source.ts";
import { neutralise } from "../terminal/neutralise.ts";
import { tableName } from "./tables.ts";

export const discover = command({
  name: "discover",
  summary: "Read the tables of a source into the catalog, and show what changed",
  args: ["<source>"],
  examples: ["discover weather"],
  async run(call, [source]) {
    const sourceId = await resolveSource(call, source);
    const response = await (await call.client(CatalogService)).discover(
      { sourceId },
      { signal: call.signal },
    );
    await call.show(DiscoverResponseSchema, response, () => {
      const { print, style } = call.terminal;
      for (const table of response.added)
        print(`${style("added", "green")}    ${neutralise(tableName(table))}`);
      for (const table of response.changed)
        print(`${style("changed", "yellow")}  ${neutralise(tableName(table))}`);
      for (const table of response.removed)
        print(`${style("removed", "red")}  ${neutralise(tableName(table))}`);
      call.terminal.note(`${response.unchangedCount} unchanged`);
    });
  },
});

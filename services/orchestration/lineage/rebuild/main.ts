import { z } from "zod";
import { openPool } from "../../../lib/database/database.ts";
import { ConfigError, databaseUrl, parseEnv, withSecrets } from "../../../lib/settings/env.ts";
import { listOrgsWithEvents } from "../events/event-repository.ts";
import { rebuildGraph } from "./rebuild-graph.ts";

/** Makes the lineage graph of every organisation again from the recorded events. Exit codes: 0 done, 2 wrong settings. */
async function main(): Promise<void> {
  const settings = parseEnv(
    z.object({ database_url: databaseUrl }),
    withSecrets(process.env, ["database_url"]),
  );
  await using database = openPool({
    url: settings.database_url,
    service: "orchestration",
    name: "rebuild",
    connectionsMax: 1,
  });
  const { db } = database;
  for (const orgId of await listOrgsWithEvents(db)) {
    const { eventCount, isAdditive } = await rebuildGraph(db, orgId);
    const note = isAdditive ? "; nothing was removed, because it has events without content" : "";
    console.log(`organisation ${orgId}: ${eventCount} events${note}`);
  }
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}

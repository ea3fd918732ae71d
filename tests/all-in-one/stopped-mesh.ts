import { parseConfig } from "../../services/all-in-one/config.ts";
import { run } from "../../services/all-in-one/run.ts";
import { stopSignal } from "../../services/lib/process/lifetime.ts";

// Runs a mesh until SIGTERM, then prints the handles that keep Node alive.
await run(parseConfig(process.env), stopSignal(), ({ url }) => console.log(`ready at ${url}`));
// Handles closed in this turn are released in the next.
await new Promise(setImmediate);
console.log(`left: ${JSON.stringify(process.getActiveResourcesInfo())}`);

import { checkMembers } from "../../services/all-in-one/check-members.ts";
import { parseConfig } from "../../services/all-in-one/config.ts";
import { run } from "../../services/all-in-one/run.ts";

// Runs a mesh until its standard input ends, and then prints what Node still waits for.
const stop = new AbortController();
checkMembers(process.env);
process.stdin.resume().once("end", () => stop.abort());
await run(parseConfig(process.env), stop.signal, ({ url }) => console.log(`ready at ${url}`));
process.stdin.destroy();
// Handles that were closed in this turn are gone in the next.
await new Promise(setImmediate);
console.log(`left: ${JSON.stringify(process.getActiveResourcesInfo())}`);

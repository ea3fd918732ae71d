import { deepStrictEqual } from "node:assert/strict";
import { parseArgs } from "node:util";
import { startOnFolder } from "../e2e/mesh-process.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { filePath, journey, type Step, sql } from "./journey.ts";
import type { Journey, Kit, Lane } from "./lane.ts";
import { lanes } from "./lanes.ts";

// npm run test:clients -- [--require-all] [--shard=1/2] [a part of a lane's name …]

/** Whether the client reports exactly the expected steps. */
async function passes({ name, run, steps = journey }: Lane, of: Omit<Journey, "name">): Promise<boolean> {
  console.log(`${name}:`);
  let seen = 0;
  let difference: unknown;
  const report = (step: Step): void => {
    const { step: title, ...facts } = step;
    console.log(`  ${title} ${JSON.stringify(facts)}`);
    try {
      deepStrictEqual(step, steps[seen]);
    } catch (error) {
      difference ??= error;
    }
    seen += 1;
  };
  try {
    await run({ name, ...of }, report);
    if (difference) throw difference;
    if (seen < steps.length) throw new Error(`the client ended before ${steps[seen]?.step}`);
    console.log(`passed: ${name}`);
    return true;
  } catch (error) {
    console.log(`FAILED: ${name}: ${(error as Error).message}`);
    return false;
  }
}

const { values, positionals } = parseArgs({
  options: { "require-all": { type: "boolean", default: false }, shard: { type: "string", default: "1/1" } },
  allowPositionals: true,
});
const [shard = 1, shards = 1] = values.shard.split("/").map(Number);
const chosen = lanes.filter(
  ({ name }, at) =>
    at % shards === shard - 1 &&
    (positionals.length === 0 || positionals.some((part) => name.toLowerCase().includes(part.toLowerCase()))),
);
if (chosen.length === 0)
  throw new Error(`there is no client like that; there are ${lanes.map(({ name }) => name).join("; ")}`);
const missing = new Map<Kit, string | undefined>();
for (const { kit } of chosen) if (!missing.has(kit)) missing.set(kit, kit.missing());
const skipped = chosen.filter(({ kit }) => missing.get(kit));
const present = chosen.filter((lane) => !skipped.includes(lane));

for (const kit of new Set(present.map((lane) => lane.kit))) kit.prepare();
await using folder = await temporaryFolder();
const password = "a long first password";
await using mesh = await startOnFolder(folder.path, password, { CDAP_UNRECOVERABLE_RESET: "true" });
const of = { url: mesh.url, email: "admin@sluice.local", password, file: filePath, sql };
let passed = 0;
for (const lane of present) if (await passes(lane, of)) passed += 1;

for (const { name, kit } of skipped) console.log(`skipped: ${name}: ${missing.get(kit)}`);
console.log(`${passed} of ${chosen.length} clients made the journey, ${skipped.length} skipped`);
const complete = skipped.every(({ kit }) => kit.isOptional) || !values["require-all"];
process.exitCode = passed === present.length && complete ? 0 : 1;

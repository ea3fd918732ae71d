import { afterAll, beforeAll, expect, test } from "vitest";
import { foreignWords } from "./check-file.ts";
import { type CorpusFile, contentOf, pathOf, readCorpus, readKnownLosses } from "./corpus.ts";
import { createRandom, damage } from "./damage.ts";
import { createSource, query, refusalOf, startWorld, type World } from "./world.ts";

/** Number of damaged files and the seed that selects them. */
const count = Number(process.env.EXACT_BENDS ?? 40);
const seed = Number(process.env.EXACT_SEED ?? 20_261_129);

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Reasons with which a damaged file may be refused. */
const reasons = ["SOURCE_DATA_INVALID", "MEMORY_LIMIT", "EXECUTION_LIMIT"];

/** Known refusals, as in known-losses.json. A fixed one must leave both lists. */
const known = /TProtocolException|encryption_config|state machine|unterminated quoted identifier/;

/** Describes a wrong treatment of a damaged file; undefined if it was read or refused properly. */
async function findFault(file: CorpusFile, content: Buffer): Promise<string | undefined> {
  try {
    const { name, settings = {} } = file;
    await query(world, await createSource(world, { name, content, settings }), "SELECT * FROM t");
    return undefined;
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) return String(error);
    const { reason, message } = refusal;
    if (known.test(message)) return undefined;
    if (!reasons.includes(reason)) return `${reason}: ${message}`;
    return foreignWords.test(message) ? `foreign words: ${message}` : undefined;
  }
}

test(`OK: ${count} damaged files are read or refused in words, with the seed ${seed}`, async () => {
  const random = createRandom(seed);
  const losses = await readKnownLosses();
  const files = (await readCorpus()).filter((file) => !file.made && losses[pathOf(file)] === undefined);
  const damagedFiles = [];
  for (let index = 0; index < count; index += 1) {
    const file = files[Math.floor(random() * files.length)] as CorpusFile;
    damagedFiles.push({ file, ...damage(await contentOf(file), random) });
  }
  const queue = damagedFiles[Symbol.iterator]();
  const faults: string[] = [];
  const checkNext = async () => {
    for (const { file, damaged, how } of queue) {
      const fault = await findFault(file, damaged);
      if (fault !== undefined) faults.push(`${pathOf(file)} (${how}): ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: 4 }, checkNext));
  expect(faults).toEqual([]);
}, 600_000);

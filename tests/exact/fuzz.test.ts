import { afterAll, beforeAll, expect, test } from "vitest";
import { bend, createRandom } from "./bend.ts";
import { foreignWords } from "./check-file.ts";
import { type CorpusFile, contentOf, pathOf, readCorpus, readKnownLosses } from "./corpus.ts";
import { createSource, query, refusalOf, startWorld, type World } from "./world.ts";

/** How many damaged files are read, and which: the same seed damages the same files in the same way. */
const count = Number(process.env.EXACT_BENDS ?? 40);
const seed = Number(process.env.EXACT_SEED ?? 20_261_129);

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Reasons that a damaged file may be refused with. */
const reasons = ["SOURCE_DATA_INVALID", "MEMORY_LIMIT", "EXECUTION_LIMIT"];

/** Refusals that known-losses.json has: whoever mends one takes it out here, too. */
const known = /TProtocolException|encryption_config|state machine|unterminated quoted identifier/;

/** What is wrong with how a damaged file was taken; undefined when it was read or refused well. */
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
  const bent = [];
  for (let index = 0; index < count; index += 1) {
    const file = files[Math.floor(random() * files.length)] as CorpusFile;
    bent.push({ file, ...bend(await contentOf(file), random) });
  }
  const queue = bent[Symbol.iterator]();
  const faults: string[] = [];
  const lane = async () => {
    for (const { file, bent, how } of queue) {
      const fault = await findFault(file, bent);
      if (fault !== undefined) faults.push(`${pathOf(file)} (${how}): ${fault}`);
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  expect(faults).toEqual([]);
}, 600_000);

import { intro, log, outro } from "@clack/prompts";
import { tellJourney } from "./journey.ts";
import { wordsOf } from "./show.ts";
import { startSluice } from "./start-sluice.ts";

// The whole journey in a minute, on a Sluice of its own that leaves nothing behind: from a file to a release that a
// second person approved, with its proof.

intro("Sluice: from a source to a proven release");
try {
  await using sluice = await startSluice();
  await tellJourney(sluice);
  outro("That is all of it. README.md has the same journey to paste, call by call.");
} catch (error) {
  log.error(wordsOf(error));
  process.exitCode = 1;
}

import { intro, log, outro } from "@clack/prompts";
import { tellJourney } from "./journey.ts";
import { wordsOf } from "./show.ts";
import { startSluice } from "./start-sluice.ts";

// The whole journey in a minute, on a temporary Sluice: from a file to a release approved by a second person, with its
// proof.

intro("Sluice: from a source to a proven release");
try {
  await using sluice = await startSluice();
  await tellJourney(sluice);
  outro("That is all of it. README.md has the same journey to paste, call by call.");
} catch (error) {
  log.error(wordsOf(error));
  process.exitCode = 1;
}

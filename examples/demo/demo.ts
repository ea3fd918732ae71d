import { intro, log, outro } from "@clack/prompts";
import { runJourney } from "./journey.ts";
import { messageOf } from "./show.ts";
import { startSluice } from "./start-sluice.ts";

// Runs the journey of the README in a minute, from a file to a release that another user approved. The Sluice is
// temporary and leaves no files.

intro("Sluice: from a source to a proven release");
try {
  await using sluice = await startSluice();
  await runJourney(sluice);
  outro("Done. README.md has the same journey as commands to paste.");
} catch (error) {
  log.error(messageOf(error));
  process.exitCode = 1;
}

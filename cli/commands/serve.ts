import { fileURLToPath } from "node:url";
import { command } from "../command/command.ts";
import { CommandError } from "../failures/command-error.ts";

export const serve = command({
  name: "serve",
  summary: "Start a server here: what `npm start` starts",
  details: "Settings come from the environment, as docs/operations.md describes them. Ctrl-C stops it.",
  examples: ["serve", "serve --help"],
  async run() {
    const main = fileURLToPath(new URL("../../services/all-in-one/main.ts", import.meta.url));
    // The same process becomes the server, so signals and exit codes are its own.
    if (!process.execve)
      throw new CommandError("this platform can't start a server", { advice: "run `npm start`" });
    process.execve(process.execPath, [process.execPath, "--disable-warning=ExperimentalWarning", main]);
  },
});

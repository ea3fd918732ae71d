import { Command as Commander, CommanderError } from "commander";
import { addCommand, type GlobalValues, globalOptions, optionOf, type RunCommand } from "./command/build.ts";
import { openCall } from "./command/open-call.ts";
import { commandTree } from "./command-tree.ts";
import { exitCodes } from "./failures/exit-codes.ts";
import { explain } from "./failures/explain.ts";
import { type Env, readSettings } from "./session/settings.ts";
import { neutraliseJson, neutraliseLines } from "./terminal/neutralise.ts";
import { openTerminal, type Terminal } from "./terminal/terminal.ts";
import { version } from "./version.ts";

/** Runs the command of these words, and returns the exit code. */
export async function run(words: readonly string[], env: Env): Promise<number> {
  if (words[0] === "__complete") {
    const { printCompletions } = await import("./command/complete.ts");
    return printCompletions(words.slice(1), env);
  }
  const args = words[0] === "help" ? [...words.slice(1), "--help"] : [...words];
  const terminal = openTerminal(env);
  // Options may follow the command, so the failure itself asks what it should look like.
  let globals: GlobalValues = { json: args.includes("--json") };
  try {
    const program = await buildProgram(args, async (command, values, options, given) => {
      globals = given;
      using call = openCall(terminal, readSettings(env, given), given.json ?? false);
      await command.run(call, values, options);
    });
    await program.parseAsync(args.length === 0 ? ["--help"] : args, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    return await fail(error, terminal, env, globals);
  }
}

/** The program with the command of these words. The others are there by name only, because reading them takes time. */
async function buildProgram(args: readonly string[], run: RunCommand): Promise<Commander> {
  const program = new Commander("sluice")
    .description("Sluice on the command line: sources, queries, staging, releases and who may use them.")
    .version(version, "-V, --version")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortOptions: false })
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for what there is)")
    .helpCommand(false);
  for (const [name, spec] of Object.entries(globalOptions)) program.addOption(optionOf(name, spec));
  const wanted = firstWord(args);
  for (const entry of commandTree) {
    await addCommand(program, entry, run, entry.name === wanted ? args : []);
  }
  return program;
}

/** The first word that is no option and no value of one. */
function firstWord(args: readonly string[]): string | undefined {
  const at = args.findIndex(
    (word, index) => !word.startsWith("-") && !/^--(server|context)$/.test(args[index - 1] ?? ""),
  );
  return args[at];
}

async function fail(error: unknown, terminal: Terminal, env: Env, globals: GlobalValues): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const { exitCode, ...failure } = await explain(error, await serverOf(env, globals));
  if (globals.json) {
    terminal.note(neutraliseJson(JSON.stringify({ error: failure })));
    return exitCode;
  }
  terminal.note(`${terminal.noteStyle("error:", "red")} ${neutraliseLines(failure.message)}`);
  if (failure.advice)
    terminal.note(`${terminal.noteStyle("what to do:", "cyan")} ${neutraliseLines(failure.advice)}`);
  return exitCode;
}

/** The server of a failed call, for its message. */
async function serverOf(env: Env, globals: GlobalValues): Promise<string> {
  const { findSession } = await import("./session/session.ts");
  return findSession(readSettings(env, globals)).then(
    ({ server }) => server,
    () => globals.server ?? "the server",
  );
}

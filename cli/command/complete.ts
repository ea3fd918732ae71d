import { commandTree } from "../command-tree.ts";
import { type Env, readSettings } from "../session/settings.ts";
import { readContexts } from "../session/store.ts";
import { neutralise } from "../terminal/neutralise.ts";
import { globalOptions } from "./build.ts";
import { type Command, type CommandGroup, flagOf, type OptionSpec, type OptionSpecs } from "./command.ts";

type Candidate = { readonly value: string; readonly summary: string };

/** Prints what the last word can become, one candidate on each line. The scripts of the shells call it. */
export async function printCompletions(words: readonly string[], env: Env): Promise<number> {
  const last = words.at(-1) ?? "";
  const found = await findCandidates(words.slice(0, -1), last, env);
  for (const { value, summary } of found.filter((one) => one.value.startsWith(last))) {
    process.stdout.write(`${neutralise(value)}\t${neutralise(summary)}\n`);
  }
  return 0;
}

async function findCandidates(
  before: readonly string[],
  last: string,
  env: Env,
): Promise<readonly Candidate[]> {
  const [command, options] = await findCommand(before);
  const asked = Object.entries(options).find(([name]) => flagOf(name) === before.at(-1));
  if (asked && asked[1].kind !== "flag") return valuesOf(asked[0], asked[1], env);
  if (last.startsWith("-")) return flagsOf(options);
  if (command === undefined) return commandTree.map(({ name, summary }) => ({ value: name, summary }));
  return "commands" in command ? command.commands.map(({ name, summary }) => ({ value: name, summary })) : [];
}

/** The command of these words as far as they name one, and the options that it can have. */
async function findCommand(
  words: readonly string[],
): Promise<[Command | CommandGroup | undefined, OptionSpecs]> {
  const names = words.filter((word, at) => !word.startsWith("-") && !takesValue(words[at - 1]));
  const entry = commandTree.find(({ name }) => name === names[0]);
  let found = await entry?.load();
  for (const wanted of names.slice(1)) {
    const inner = found && "commands" in found && found.commands.find(({ name }) => name === wanted);
    if (!inner) break;
    found = "load" in inner ? await inner.load() : inner;
  }
  return [found, { ...(found && "options" in found ? found.options : {}), ...globalOptions }];
}

const takesValue = (word: string | undefined): boolean => word === "--server" || word === "--context";

async function valuesOf(name: string, spec: OptionSpec, env: Env): Promise<Candidate[]> {
  if (name === "context") {
    const { contexts } = await readContexts(readSettings(env, {}).folder).catch(() => ({ contexts: {} }));
    return Object.entries(contexts).map(([value, { server }]) => ({ value, summary: server }));
  }
  return "choices" in spec ? (spec.choices ?? []).map((value) => ({ value, summary: "" })) : [];
}

const flagsOf = (options: OptionSpecs): Candidate[] => [
  ...Object.entries(options).map(([name, { summary }]) => ({ value: flagOf(name), summary })),
  { value: "--help", summary: "show the help" },
];

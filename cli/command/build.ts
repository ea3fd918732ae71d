import { type Command as Commander, InvalidArgumentError, Option } from "commander";
import type { Command, CommandGroup, LazyCommand, OptionSpec } from "./command.ts";
import { flagOf } from "./command.ts";

export type GlobalValues = { json?: boolean; server?: string; context?: string };

/** Runs a command with its values and those of the global options. */
export type RunCommand = (
  command: Command,
  args: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
  globals: GlobalValues,
) => Promise<void>;

export const globalOptions = {
  json: { kind: "flag", summary: "print responses as proto3 JSON, one per line" },
  server: { kind: "text", value: "url", summary: "address of the server (or SLUICE_SERVER)" },
  context: { kind: "text", value: "name", summary: "context to use (or SLUICE_CONTEXT)" },
} as const satisfies Record<string, OptionSpec>;

/** Adds a command or a group of commands to the program, or to a group. Of commands that are not among the words, the name alone. */
export async function addCommand(
  program: Commander,
  given: Command | CommandGroup | LazyCommand,
  run: RunCommand,
  words: readonly string[],
): Promise<void> {
  if ("load" in given && !words.includes(given.name)) {
    program.command(given.name).description(given.summary).summary(given.summary);
    return;
  }
  const found = "load" in given ? await given.load() : given;
  if (!("commands" in found)) {
    addLeaf(program, found, run);
    return;
  }
  const group = program
    .command(found.name)
    .summary(found.summary)
    .description(`${found.summary}.`)
    .helpCommand(false);
  for (const command of found.commands) await addCommand(group, command, run, words);
}

function addLeaf(parent: Commander, command: Command, run: RunCommand): void {
  const leaf = parent.command(command.name).summary(command.summary).description(describe(command));
  for (const argument of command.args) leaf.argument(argument);
  for (const [name, spec] of Object.entries(command.options)) leaf.addOption(optionOf(name, spec));
  const path = [...pathOf(parent), command.name].join(" ");
  leaf.addHelpText("after", examplesOf(command.examples));
  leaf.action(async (...values: unknown[]) => {
    const args = values.slice(0, command.args.length);
    const globals = leaf.optsWithGlobals<GlobalValues>();
    await run({ ...command, name: path }, args, withDefaults(command, leaf.opts()), globals);
  });
}

const describe = ({ summary, details }: Command): string =>
  [`${summary}.`, details].filter(Boolean).join("\n\n");

/** The words of a command from the program on. */
const pathOf = (command: Commander): string[] =>
  command.parent ? [...pathOf(command.parent), command.name()] : [];

const examplesOf = (examples: readonly string[]): string =>
  examples.length === 0 ? "" : `\nExamples:\n${examples.map((line) => `  $ sluice ${line}`).join("\n")}`;

export function optionOf(name: string, spec: OptionSpec): Option {
  const flags = [...(spec.short ? [`-${spec.short}`] : []), flagOf(name)].join(", ");
  if (spec.kind === "flag") return new Option(flags, spec.summary);
  if (spec.kind === "optional") return new Option(`${flags} [${spec.value}]`, spec.summary).preset("");
  const option = new Option(`${flags} <${spec.value}>`, spec.summary);
  if (spec.kind === "whole") return option.argParser(wholeNumber(spec.min, spec.max));
  if (spec.choices) option.choices([...spec.choices]);
  if (spec.kind === "many") collect(option);
  return option;
}

/** Makes an option repeatable: each value is checked and added to the previous ones. */
function collect(option: Option): void {
  const choices = option.argChoices;
  option.argParser((value: string, previous: string[] | undefined) => {
    if (choices && !choices.includes(value)) {
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
    }
    return [...(previous ?? []), value];
  });
}

const wholeNumber = (min: number, max: number) => (value: string) => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < min || number > max) {
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  }
  return number;
};

const withDefaults = ({ options }: Command, given: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(options).map(([name, { kind }]) => [
      name,
      givenValue(name, given) ?? (kind === "flag" ? false : kind === "many" ? [] : undefined),
    ]),
  );

/** Commander takes `--no-resume` for the opposite of an option `resume`. */
function givenValue(name: string, given: Readonly<Record<string, unknown>>): unknown {
  const [, opposite] = /^no([A-Z].*)$/.exec(name) ?? [];
  if (opposite === undefined) return given[name];
  return given[`${opposite.charAt(0).toLowerCase()}${opposite.slice(1)}`] === false;
}

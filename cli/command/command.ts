import type { Call } from "./call.ts";

type OptionBase = {
  readonly summary: string;
  /** One letter. */
  readonly short?: string;
};

/** An option of a command. Its name is the key in camel case; people write `--kebab-case`. */
export type OptionSpec = OptionBase &
  (
    | { readonly kind: "flag" }
    | {
        readonly kind: "text" | "many";
        /** Name of the value in the help. */
        readonly value: string;
        readonly choices?: readonly string[];
      }
    | { readonly kind: "optional"; readonly value: string }
    | { readonly kind: "whole"; readonly value: string; readonly min: number; readonly max: number }
  );

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** Values of options: a flag is false, and a repeated option empty, unless given. */
export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name]["kind"] extends "flag"
    ? boolean
    : Specs[Name]["kind"] extends "many"
      ? readonly string[]
      : Specs[Name]["kind"] extends "whole"
        ? number | undefined
        : string | undefined;
};

/** Values of arguments as `<name>`, `[name]`, `<names...>` or `[names...]`. */
export type ArgumentValues<Names extends readonly string[]> = {
  readonly [At in keyof Names]: Names[At] extends `${string}...${string}`
    ? readonly string[]
    : Names[At] extends `[${string}`
      ? string | undefined
      : string;
};

export type CommandSpec<Names extends readonly string[], Specs extends OptionSpecs> = {
  readonly name: string;
  /** One line for the list of commands, without a full stop. */
  readonly summary: string;
  /** More for the command's own help. */
  readonly details?: string;
  readonly args?: Names;
  readonly options?: Specs;
  /** Command lines without `sluice`. */
  readonly examples: readonly string[];
  run(call: Call, args: ArgumentValues<Names>, options: OptionValues<Specs>): Promise<void>;
};

/** A command of any arguments and options. */
export type Command = {
  readonly name: string;
  readonly summary: string;
  readonly details?: string;
  readonly args: readonly string[];
  readonly options: OptionSpecs;
  readonly examples: readonly string[];
  run(call: Call, args: readonly unknown[], options: Readonly<Record<string, unknown>>): Promise<void>;
};

/** A command that is read when it is used, because a start has to be quick. */
export type LazyCommand = {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command | CommandGroup>;
};

/** Commands under one word, such as `users`. */
export type CommandGroup = {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly (Command | CommandGroup | LazyCommand)[];
};

/** Describes a command. The types of what `run` gets follow from its arguments and options. */
export function command<
  const Names extends readonly string[] = [],
  const Specs extends OptionSpecs = OptionSpecs,
>(spec: CommandSpec<Names, Specs>): Command {
  return {
    args: [],
    options: {},
    ...spec,
    // Commander parses by the same description, so the values have these types.
    run: (call, args, options) =>
      spec.run(call, args as unknown as ArgumentValues<Names>, options as unknown as OptionValues<Specs>),
  };
}

export const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

import type { Command, CommandGroup, LazyCommand, OptionSpec } from "../../../cli/command/command.ts";
import { flagOf } from "../../../cli/command/command.ts";
import { commandTree } from "../../../cli/command-tree.ts";

/** The reference of all commands, as docs/cli.md has it. */
export async function referenceOf(): Promise<string> {
  const sections = await Promise.all(
    commandTree.map(async ({ name, load }) => {
      const all = await commandsOf(await load());
      return [`### ${name}`, ...all.flatMap(({ path, one }) => describe(path, one))].join("\n\n");
    }),
  );
  return sections.join("\n\n");
}

/** The commands of a group and of the groups in it, with all of their words. */
export async function commandsOf(
  given: Command | CommandGroup | LazyCommand,
  before: readonly string[] = [],
): Promise<{ path: string; one: Command }[]> {
  const found = "load" in given ? await given.load() : given;
  const words = [...before, found.name];
  if (!("commands" in found)) return [{ path: words.join(" "), one: found }];
  const inner = await Promise.all(found.commands.map((command) => commandsOf(command, words)));
  return inner.flat();
}

function describe(path: string, { args, summary, details, options, examples }: Command): string[] {
  const usage = ["sluice", path, ...args].join(" ");
  const lines = Object.entries(options).map(
    ([name, spec]) => `- \`${flagsOf(name, spec)}\`: ${spec.summary}${choicesOf(spec)}`,
  );
  return [
    `**\`${usage}\`**: ${summary}.${details ? ` ${details}` : ""}`,
    ...(lines.length > 0 ? [lines.join("\n")] : []),
    ["```", ...examples.map((line) => `sluice ${line}`), "```"].join("\n"),
  ];
}

function flagsOf(name: string, spec: OptionSpec): string {
  const flags = [...(spec.short ? [`-${spec.short}`] : []), flagOf(name)].join(", ");
  if (spec.kind === "flag") return flags;
  return spec.kind === "optional" ? `${flags} [${spec.value}]` : `${flags} <${spec.value}>`;
}

const choicesOf = (spec: OptionSpec): string =>
  "choices" in spec && spec.choices ? `: ${spec.choices.join(", ")}` : "";

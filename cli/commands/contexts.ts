import type { CommandGroup } from "../command/command.ts";
import { command } from "../command/command.ts";
import { printItems } from "../command/list.ts";
import { usageError } from "../failures/command-error.ts";
import { type Contexts, changeContexts, readContexts } from "../session/store.ts";

const list = command({
  name: "list",
  summary: "List the contexts; the current one has a star",
  examples: ["contexts list", "contexts list --json"],
  async run(call) {
    const { current, contexts } = await readContexts(call.settings.folder);
    const items = Object.entries(contexts).map(([name, { server, account = "", credential }]) => ({
      name,
      server,
      account,
      current: name === current,
      // The credential itself stays in the file.
      loggedIn: credential !== undefined,
    }));
    if (call.json) return call.terminal.printExact(JSON.stringify({ contexts: items }));
    const columns = [
      { title: "", value: (item: (typeof items)[number]) => (item.current ? "*" : "") },
      { title: "name", value: (item: (typeof items)[number]) => item.name },
      { title: "server", value: (item: (typeof items)[number]) => item.server },
      {
        title: "account",
        value: (item: (typeof items)[number]) => (item.loggedIn ? item.account : "logged out"),
      },
    ];
    printItems(call, columns, items);
  },
});

const use = command({
  name: "use",
  summary: "Make a context the current one",
  args: ["<name>"],
  examples: ["contexts use work"],
  async run(call, [name]) {
    await changeKnown(call.settings.folder, name, (before) => ({ ...before, current: name }));
    call.terminal.note(`The current context is ${name}.`);
  },
});

const remove = command({
  name: "remove",
  summary: "Forget a context; `sluice logout --forget` also ends its login",
  args: ["<name>"],
  examples: ["contexts remove work"],
  async run(call, [name]) {
    await changeKnown(call.settings.folder, name, ({ current, contexts }) => {
      const { [name]: _, ...others } = contexts;
      return { current: current === name ? "" : current, contexts: others };
    });
    call.terminal.note(`The context ${name} is removed.`);
  },
});

/** Changes the contexts if this one exists. */
async function changeKnown(
  folder: string,
  name: string,
  change: (before: Contexts) => Contexts,
): Promise<void> {
  await changeContexts(folder, async (before) => {
    if (!Object.hasOwn(before.contexts, name)) {
      throw usageError(`there is no context ${name}`, "`sluice contexts list` shows all");
    }
    return { after: change(before), result: undefined };
  });
}

export const contexts: CommandGroup = {
  name: "contexts",
  summary: "The servers that you know, and who you are there",
  commands: [list, use, remove],
};

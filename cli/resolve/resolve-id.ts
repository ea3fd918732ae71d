import { CommandError } from "../failures/command-error.ts";
import { exitCodes } from "../failures/exit-codes.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isId = (text: string): boolean => uuid.test(text);

/** Finds the one item with a name; a text that is an id is taken as it is. */
export async function resolveId<Item>(
  nameOrId: string,
  kind: string,
  find: () => Promise<readonly Item[]>,
  { id, name }: { id(item: Item): string; name(item: Item): string },
): Promise<string> {
  if (isId(nameOrId)) return nameOrId;
  const found = (await find()).filter((item) => name(item) === nameOrId);
  const [only, another] = found;
  if (only && !another) return id(only);
  if (!only) {
    throw new CommandError(`there is no ${kind} named ${nameOrId}`, {
      exitCode: exitCodes.notFound,
      advice: `\`sluice ${kind}s list\` shows all`,
    });
  }
  throw new CommandError(`${found.length} ${kind}s are named ${nameOrId}`, {
    exitCode: exitCodes.usage,
    advice: `give the id of one: ${found.slice(0, 5).map(id).join(", ")}`,
  });
}

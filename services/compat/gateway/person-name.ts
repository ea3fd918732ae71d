/** A name as the JWT gateway has it; undefined parts are those that a user has none of. */
export type PersonName = { readonly firstName: string | undefined; readonly lastName: string | undefined };

const space = " ";
const noBreakSpace = "\u00a0";

/**
 * The display name of a first and a last name. The last space divides them, so spaces in a last name become no-break
 * spaces, which look alike and stay together where a line ends. `personNameOf` reads back what was written.
 */
export function displayNameOf({ firstName, lastName }: PersonName): string {
  const first = tidy(firstName);
  const last = tidy(lastName).replaceAll(space, noBreakSpace);
  if (last === "") return first.replaceAll(space, noBreakSpace);
  return `${first || noBreakSpace}${space}${last}`;
}

/** The first and the last name of a display name, also of one that was given elsewhere. */
export function personNameOf(displayName: string): PersonName {
  const at = displayName.lastIndexOf(space);
  const [first, last] = at < 0 ? [displayName, ""] : [displayName.slice(0, at), displayName.slice(at + 1)];
  return { firstName: tidy(first) || undefined, lastName: tidy(last) || undefined };
}

/** No-break spaces are ours: of a caller they are spaces. */
const tidy = (name = ""): string => name.replaceAll(noBreakSpace, space).trim();

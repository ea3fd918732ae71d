import type { Call } from "../command/call.ts";
import { text } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { resolveUser } from "./resolve-user.ts";

/** Options that name a user, a key or a group. */
export const subjectOptions = {
  user: text("user", "a user, by e-mail address or id"),
  key: text("key-id", "an API key"),
  group: text("name", "a group"),
};

type SubjectValues = { user: string | undefined; key: string | undefined; group: string | undefined };

type Subject =
  | { case: "userId"; value: string }
  | { case: "apiKeyId"; value: string }
  | { case: "group"; value: string };

/** The one that the options name; undefined if they name none. */
export async function findSubject(
  call: Call,
  { user, key, group }: SubjectValues,
): Promise<Subject | undefined> {
  if ([user, key, group].filter((one) => one !== undefined).length > 1) {
    throw usageError("--user, --key and --group exclude each other");
  }
  if (user !== undefined) return { case: "userId", value: await resolveUser(call, user) };
  if (key !== undefined) return { case: "apiKeyId", value: key };
  return group === undefined ? undefined : { case: "group", value: group };
}

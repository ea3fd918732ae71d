import { constants } from "node:fs";
import { lstat, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "../failures/command-error.ts";
import { lockFolder } from "./lock.ts";
import { writePrivateFile } from "./write-private-file.ts";

/** Tokens of a login, or an API key. */
export type Credential =
  | {
      readonly kind: "login";
      readonly accessToken: string;
      readonly refreshToken: string;
      /** When the access token ends, by this machine's clock, in milliseconds since 1970. */
      readonly expireMs: number;
    }
  | { readonly kind: "apiKey"; readonly apiKey: string };

/** A server, and who is logged in there. */
export type Context = {
  readonly server: string;
  /** For people: an e-mail address or the prefix of a key. */
  readonly account?: string;
  readonly credential?: Credential;
};

export type Contexts = {
  /** Name of the current context; empty if there is none. */
  readonly current: string;
  readonly contexts: Readonly<Record<string, Context>>;
};

const none: Contexts = { current: "", contexts: {} };

const contextsFile = (folder: string): string => join(folder, "contexts.json");

/** Reads the contexts. Refuses a file that other users can read, because it holds credentials. */
export async function readContexts(folder: string): Promise<Contexts> {
  const path = contextsFile(folder);
  let text: string;
  try {
    const found = await lstat(path);
    if (!found.isFile()) throw notAFile(path);
    if ((found.mode & 0o077) !== 0) throw readableByOthers(path, found.mode);
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    text = await file.readFile("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return none;
    throw error;
  }
  return parseContexts(text, path);
}

function parseContexts(text: string, path: string): Contexts {
  try {
    const parsed = JSON.parse(text);
    if (typeof parsed.current === "string" && typeof parsed.contexts === "object") return parsed;
  } catch {
    // Reported below: the parser's message would quote the file, which holds credentials.
  }
  throw new CommandError(`${path} is damaged`, { advice: "remove it and log in again with `sluice login`" });
}

/** Changes the contexts while no other process does. */
export async function changeContexts<Result>(
  folder: string,
  change: (before: Contexts) => Promise<{ after: Contexts; result: Result }>,
): Promise<Result> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  using _lock = await lockFolder(folder);
  const { after, result } = await change(await readContexts(folder));
  await writePrivateFile(contextsFile(folder), `${JSON.stringify(after, null, 2)}\n`);
  return result;
}

const readableByOthers = (path: string, mode: number) =>
  new CommandError(
    `${path} has the mode ${(mode & 0o777).toString(8)}: other users can read your credentials`,
    {
      advice: `run \`chmod 600 ${path}\`, and log in again if somebody may have read it`,
    },
  );

const notAFile = (path: string) =>
  new CommandError(`${path} is not a regular file`, {
    advice: "remove it and log in again with `sluice login`",
  });

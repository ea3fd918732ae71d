import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** Parameters of argon2id; `memory` in KiB. */
type Parameters = { readonly memory: number; readonly passes: number; readonly parallelism: number };

/** OWASP's parameters. Each hash contains the parameters that it was made with. */
const current: Parameters = { memory: 19_456, passes: 2, parallelism: 1 };
/**
 * Parameters of earlier versions, whose hashes are stored until their users log in. Each login derives with all of them, so
 * that its work is the same for every account and for none. Who changes `current` adds the old ones here.
 */
const earlier: readonly Parameters[] = [];

const saltBytes = 16;
const hashBytes = 32;
const phcForm = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** Hashes and compares passwords. Each derivation uses a thread of libuv's pool for about 50 ms. */
export type Passwords = {
  /** Hashes a password with a salt of `newSalt`, as a PHC string. */
  hash(password: string, salt: string): Promise<string>;
  /**
   * Which of the hashes a password matches. Hashes with the same salt and parameters share one derivation, and without a
   * hash there is one, too.
   */
  matches(password: string, hashes: readonly string[]): Promise<boolean[]>;
  /** Whether a hash was made with other parameters than new ones are. */
  isOutdated(hash: string): boolean;
};

type Derive = (algorithm: "argon2id", parameters: Argon2Parameters) => Promise<Buffer>;

/** `derive` is argon2; tests count its calls. */
export function createPasswords(derive: Derive = promisify(argon2)): Passwords {
  return {
    async hash(password, salt) {
      const input = inputOf(password, { parameters: current, salt: Buffer.from(salt, "base64"), hashBytes });
      return toPhc(current, salt, await derive("argon2id", input));
    },
    async matches(password, hashes) {
      const parsed = hashes.map(fromPhc);
      const derived = new Map<string, Buffer>();
      for (const kind of kindsOf(parsed)) {
        derived.set(keyOf(kind), await derive("argon2id", inputOf(password, kind)));
      }
      return parsed.map((kind) => {
        const bytes = derived.get(keyOf(kind));
        return bytes !== undefined && timingSafeEqual(bytes, kind.hash);
      });
    },
    isOutdated: (hash) => textOf(fromPhc(hash).parameters) !== textOf(current),
  };
}

/** A random salt, in unpadded base64. */
export const newSalt = (): string => unpadded(randomBytes(saltBytes));

/** A hash that no password has, for accounts that sign in elsewhere. The salt is that of the account's address. */
export const noPassword = (salt: string): string => toPhc(current, salt, randomBytes(hashBytes));

/** All inputs of a derivation but the password. */
type Kind = { readonly parameters: Parameters; readonly salt: Buffer; readonly hashBytes: number };

/** What has to be derived: once for each of the known parameters at least. */
function kindsOf(parsed: readonly Kind[]): Kind[] {
  const kinds = new Map(parsed.map((kind) => [keyOf(kind), kind]));
  for (const parameters of [current, ...earlier]) {
    const isCovered = parsed.some((kind) => textOf(kind.parameters) === textOf(parameters));
    const nobodys = { parameters, salt: Buffer.alloc(saltBytes), hashBytes };
    if (!isCovered) kinds.set(keyOf(nobodys), nobodys);
  }
  return [...kinds.values()];
}

const keyOf = (kind: Kind): string =>
  `${textOf(kind.parameters)} ${kind.salt.toString("base64")} ${kind.hashBytes}`;

const textOf = ({ memory, passes, parallelism }: Parameters): string =>
  `m=${memory},t=${passes},p=${parallelism}`;

function inputOf(password: string, { parameters, salt, hashBytes: tagLength }: Kind): Argon2Parameters {
  // Systems compose the same characters of different code points.
  return { message: password.normalize("NFKC"), nonce: salt, tagLength, ...parameters };
}

const unpadded = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

const toPhc = (parameters: Parameters, salt: string, hash: Buffer): string =>
  `$argon2id$v=19$${textOf(parameters)}$${salt}$${unpadded(hash)}`;

function fromPhc(phc: string): Kind & { readonly hash: Buffer } {
  const [, memory, passes, parallelism, salt = "", encoded = ""] = phcForm.exec(phc) ?? [];
  if (encoded === "") throw new Error("a stored password hash is not an argon2id PHC string");
  const hash = Buffer.from(encoded, "base64");
  return {
    parameters: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, "base64"),
    hash,
    hashBytes: hash.length,
  };
}

import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(argon2);

/** OWASP's parameters for argon2id; `memory` in KiB. Each hash contains the parameters that it was made with. */
const current = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const saltBytes = 16;
const hashBytes = 32;
const phcForm = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

type Parameters = { memory: number; passes: number; parallelism: number };

/** Hashes a password with a random salt, as a PHC string. Uses a thread of libuv's pool for about 50 ms. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  return toPhc(current, salt, await derive("argon2id", input(password, salt, current)));
}

/** Whether a password matches a hash. Without a hash it does the same work and returns false. */
export async function verifyPassword(password: string, phc: string | undefined): Promise<boolean> {
  const { parameters, salt, hash } = fromPhc(phc ?? nobodysHash);
  const derived = await derive("argon2id", input(password, salt, parameters, hash.length));
  return timingSafeEqual(derived, hash) && phc !== undefined;
}

function input(
  password: string,
  nonce: Buffer,
  parameters: Parameters,
  tagLength: number = hashBytes,
): Argon2Parameters {
  // Systems compose the same characters of different code points.
  return { message: password.normalize("NFKC"), nonce, tagLength, ...parameters };
}

const unpadded = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

const toPhc = ({ memory, passes, parallelism }: Parameters, salt: Buffer, hash: Buffer): string =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;

function fromPhc(phc: string) {
  const [, memory, passes, parallelism, salt = "", hash = ""] = phcForm.exec(phc) ?? [];
  if (hash === "") throw new Error("a stored password hash is not an argon2id PHC string");
  return {
    parameters: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, "base64"),
    hash: Buffer.from(hash, "base64"),
  };
}

const nobodysHash = toPhc(current, Buffer.alloc(saltBytes), Buffer.alloc(hashBytes));

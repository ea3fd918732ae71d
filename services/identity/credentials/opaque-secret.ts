import { createHash, randomBytes } from "node:crypto";

const secretBytes = 32;
const shownCharacters = 8;

/** Prefix of a secret. People and secret scanners recognise it. */
export const refreshTokenMark = "rt_";
export const apiKeyMark = "sk_";
export const resetTokenMark = "pr_";

/** A prefix followed by 256 random bits. */
export const newSecret = (mark: string): string => mark + randomBytes(secretBytes).toString("base64url");

/** The stored hash of a secret. A fast hash is enough, because the secret is random. */
export const secretSha256 = (secret: string): string =>
  createHash("sha256").update(secret).digest("base64url");

/** First characters of an API key, to distinguish keys. */
export const prefixOf = (secret: string): string => secret.slice(0, apiKeyMark.length + shownCharacters);

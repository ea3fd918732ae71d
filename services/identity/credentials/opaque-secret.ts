import { createHash, randomBytes } from "node:crypto";

const secretBytes = 32;
const shownCharacters = 8;

/** What a secret begins with, so that people and secret scanners know it. */
export const refreshTokenMark = "rt_";
export const apiKeyMark = "sk_";

/** 256 random bits behind a mark. */
export const newSecret = (mark: string): string => mark + randomBytes(secretBytes).toString("base64url");

/** What is stored of a secret. It is random, so a fast hash hides it. */
export const secretSha256 = (secret: string): string =>
  createHash("sha256").update(secret).digest("base64url");

/** First characters of an API key, to tell keys apart. */
export const prefixOf = (secret: string): string => secret.slice(0, apiKeyMark.length + shownCharacters);

import type { Credential } from "./dialect.ts";

/** First characters of an API key. No access token begins with them: a JWT begins with `ey`. */
const apiKeyMark = "sk_";

/** The credential of an `Authorization: Bearer` header: many tools have one field for tokens and keys. */
export const bearerCredential = (token: string): Credential => ({
  case: token.startsWith(apiKeyMark) ? "apiKey" : "accessToken",
  value: token,
});

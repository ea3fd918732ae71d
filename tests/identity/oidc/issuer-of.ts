import { issuersFile } from "../../../services/identity/oidc/issuer-settings.ts";
import type { IssuerConfig } from "../../../services/identity/oidc/issuers-file.ts";

/** Settings of an issuer. */
export type Rules = Readonly<Record<string, unknown>>;

/** An issuer whose accounts are viewers of `main`, unless overridden. */
export function issuerOf(
  name: string,
  url: string,
  { clientSecretValue, ...rules }: Rules = {},
): IssuerConfig {
  const { issuers } = issuersFile.parse({ issuers: [{ ...defaults, name, issuer: url, ...rules }] });
  const [issuer] = issuers;
  if (!issuer) throw new Error("no issuer");
  return { ...issuer, clientSecretValue: clientSecretValue as string | undefined };
}

const defaults = {
  client_id: "sluice",
  algorithms: ["ES256"],
  scopes: ["openid", "email", "profile", "groups"],
  org: { name: "main" },
  default_roles: ["viewer"],
  create_accounts: true,
};

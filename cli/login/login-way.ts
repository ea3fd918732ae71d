import type { Call } from "../command/call.ts";
import type { Credential } from "../session/store.ts";

type LoginOptions = {
  readonly email: string | undefined;
  readonly org: string | undefined;
  /** Name of an identity provider; empty for the only one. */
  readonly oidc: string | undefined;
  readonly passwordStdin: boolean;
  readonly apiKeyStdin: boolean;
};

/** A way to log in. */
export type LoginWay = {
  /** Whether the options choose this way. */
  isChosen(options: LoginOptions): boolean;
  obtain(
    call: Call,
    server: string,
    options: LoginOptions,
  ): Promise<{ account: string; credential: Credential }>;
};

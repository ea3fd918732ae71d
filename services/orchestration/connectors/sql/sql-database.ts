import type { SecretUse, Settings } from "../connector.ts";
import type { Lookup } from "../network/address-guard.ts";

/** The service's part of a kind of SQL database. The RowSource of the same name reads it in a separate process. */
export type SqlDatabase<S, Login> = {
  /** Name of the connector. */
  readonly name: string;
  /** Parses settings; `field` is their path in the request. InvalidArgument (SETTINGS_INVALID). */
  parseSettings(settings: Settings, field: string): S;
  /** Quotes a name in the database's SQL. Default: in double quotes, as the standard does. */
  quoteName?(name: string): string;
  /** Schemas to discover; undefined for all but the system's. */
  schemasOf(settings: S): readonly string[] | undefined;
  /** Secrets that a login sends, and where to. */
  secretsOf(settings: S): readonly SecretUse[];
  /** Identifies a login that may be insecure; undefined if it may not. See DataSource.insecureLogin. */
  insecureLoginOf(settings: S): string | undefined;
  /** Whether the session of a snapshot reads its ranges, which then need no login. Default: false. */
  readonly holdsSnapshots?: boolean;
  /**
   * Resolves the secrets and checks the addresses for one request. `lookup` resolves a host in the source's own process.
   * A login that is disposable holds what the request reads, and is disposed after it.
   * FailedPrecondition (SECRET_NOT_FOUND, SECRET_NOT_ALLOWED, INSECURE_CONNECTION, ADDRESS_REFUSED).
   */
  prepareLogin(settings: S, lookup: Lookup, signal: AbortSignal): Promise<Login>;
};

import { Code } from "@connectrpc/connect";

type Metadata = Readonly<Record<string, string>>;

const again = "repeat the command in a moment";

/** What the user can do, by the reason of the error. docs/errors.md lists all reasons. */
const byReason: Readonly<Record<string, string | ((metadata: Metadata) => string)>> = {
  RESOURCE_NOT_FOUND: "check the name or id with the `list` command",
  RESOURCE_EXISTS: "choose another name, or use what exists",
  ETAG_MISMATCH: "somebody else has changed it: look at it again, then repeat the command",
  PAGE_TOKEN_INVALID: "leave out --page-token",
  CREDENTIAL_MISSING: "run `sluice login`",
  CREDENTIAL_INVALID:
    "run `sluice login`; check e-mail address and password, and give --org if you have accounts in several organisations",
  PERMISSION_MISSING: ({ permission }) =>
    `ask an administrator for a role with ${permission || "the permission"}; \`sluice whoami\` shows what you have`,
  LOGIN_ATTEMPTS_EXCEEDED: ({ retryAfterSeconds }) => `try again in ${retryAfterSeconds || "some"} seconds`,
  LAST_ADMIN: "make another user an administrator first: `sluice users update <user> --role admin`",
  PASSWORD_REFUSED: "choose a longer one, without names, that is not in common use",
  RESET_TOKEN_INVALID: "ask an administrator for another one: `sluice users reset-password <user>`",
  ISSUER_UNAVAILABLE: again,
  ACCOUNT_UNKNOWN: "ask an administrator for an account",
  KEY_RIGHTS_EXCEEDED: "leave out what you do not have yourself: `sluice whoami` shows what you have",
  NAMESPACE_NOT_EMPTY: "move its content, or remove it as well with --force",
  NAMESPACE_RESERVED: "choose another name",
  SCRUB_RUNNING: "wait for the end of the scrub",
  UPSTREAM_UNAVAILABLE: again,
  VECTOR_LIMIT_EXCEEDED: "remove vectors or collections that nobody needs, or send fewer at a time",
  QUOTA_EXCEEDED:
    "remove files with `sluice files rm` and `sluice files purge`, or ask an administrator for a larger quota",
  UPLOADS_TOO_MANY: "finish some, or remove some of yours: `sluice files uploads ls` shows them",
  UPLOAD_REFUSED: "`sluice policies uploads get` shows what may be uploaded, if you may see it",
  FILE_HELD: "ask an administrator to release the hold",
  CONTENT_MISMATCH: "the file changed during the upload, or was damaged on its way: upload it again",
  MODEL_NOT_READY: "`sluice models show <model>:<version>` shows what is missing",
  SETTINGS_INVALID: "`sluice sources connectors <connector>` shows the settings",
  SOURCE_UNREACHABLE: "check host, port and login of the source: `sluice sources get <source>`",
  SOURCE_DATA_INVALID: "`sluice preview <source>` shows what is wrong and which setting helps",
  SECRET_NOT_FOUND: ({ secret }) => `set it with \`sluice secrets put ${secret || "<name>"}\``,
  SECRET_NOT_ALLOWED: ({ secret = "<name>", connector, host, port }) =>
    `allow it with \`sluice secrets update ${secret} --destination ${connector}:${host}:${port}\``,
  SQL_INVALID: "`sluice tables <source>` shows tables and columns",
  STATEMENT_REFUSED: "send one statement that only reads the source",
  EXECUTION_LIMIT: "ask for less, or give more time with --timeout",
  STATE_CONFLICT: "look at its state first, and at the next step from there",
  SOURCE_CHANGED: "run `sluice discover <source>`, then check the tables and columns",
  APPROVAL_MISSING: "`sluice projects get <project>` shows the next step",
  SELF_REVIEW: "ask another user with the role approver or admin",
  MANIFEST_MISMATCH: "look at the current package with `sluice projects get <project>`",
  SERVICE_BUSY: again,
  RATE_LIMIT_EXCEEDED: again,
  CONCURRENCY_LIMIT_EXCEEDED: "wait until other commands have ended",
  EXECUTION_PREEMPTED: again,
  METHOD_UNKNOWN: "the server is older than this command line: use its own version",
};

const byCode: Readonly<Partial<Record<Code, string>>> = {
  [Code.Unauthenticated]: "run `sluice login`",
  [Code.Unavailable]: again,
  [Code.Unimplemented]: "the server is older than this command line: use its own version",
  [Code.Internal]: "give the request id in the server's log to its operator",
};

export function adviceFor(reason: string, metadata: Metadata, code: Code): string | undefined {
  const found = byReason[reason];
  return typeof found === "function" ? found(metadata) : (found ?? byCode[code]);
}

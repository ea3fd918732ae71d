import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { adviceFor } from "./advice.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import type { Explanation } from "./explain.ts";

const exitCodeOf: Readonly<Partial<Record<Code, ExitCode>>> = {
  [Code.Canceled]: exitCodes.interrupted,
  [Code.InvalidArgument]: exitCodes.invalid,
  [Code.OutOfRange]: exitCodes.invalid,
  [Code.DeadlineExceeded]: exitCodes.unavailable,
  [Code.Unavailable]: exitCodes.unavailable,
  [Code.NotFound]: exitCodes.notFound,
  [Code.AlreadyExists]: exitCodes.conflict,
  [Code.Aborted]: exitCodes.conflict,
  [Code.FailedPrecondition]: exitCodes.conflict,
  [Code.PermissionDenied]: exitCodes.permissionDenied,
  [Code.ResourceExhausted]: exitCodes.exhausted,
  [Code.Unauthenticated]: exitCodes.unauthenticated,
};

/** Explains an error that a server answered, or that it did not answer. */
export function explainConnectError(thrown: Error, server: string): Explanation {
  const error = ConnectError.from(thrown);
  const code = Code[error.code].replace(/(?<=[a-z])[A-Z]/g, "_$&").toUpperCase();
  const unreachable = unreachableMessage(error, server);
  if (unreachable) return { ...unreachable, code, exitCode: exitCodes.unavailable };
  const [info] = error.findDetails(ErrorInfoSchema);
  const fields = error
    .findDetails(BadRequestSchema)
    .flatMap(({ fieldViolations }) =>
      fieldViolations.map(({ field, description }) => `${field} ${description}`),
    );
  const isCancelledByUs = error.code === Code.Canceled && !info;
  return {
    message: isCancelledByUs ? "interrupted" : messageOf(error.rawMessage, fields),
    advice: adviceFor(info?.reason ?? "", info?.metadata ?? {}, error.code),
    // An execution that somebody else cancelled has a reason.
    exitCode: info && error.code === Code.Canceled ? exitCodes.failure : exitCodeFor(error.code),
    code,
    reason: info?.reason,
    metadata: info?.metadata ?? {},
  };
}

const exitCodeFor = (code: Code): ExitCode => exitCodeOf[code] ?? exitCodes.failure;

const messageOf = (message: string, fields: readonly string[]): string => {
  const missing = fields.filter((field) => !message.includes(field));
  return missing.length === 0 ? message : `${message}: ${missing.join("; ")}`;
};

const connectionFailures: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name could not be resolved",
  EHOSTUNREACH: "it can't be reached",
  ENETUNREACH: "it can't be reached",
  ETIMEDOUT: "it does not respond",
  ECONNRESET: "it closed the connection",
  EPROTO: "it does not speak TLS as expected",
};

/** A failure of the connection itself. */
function unreachableMessage(
  error: ConnectError,
  server: string,
): { message: string; advice: string } | undefined {
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  const code = cause?.code ?? "";
  if (/CERT|SIGNATURE|SSL/.test(code)) {
    return {
      message: `the certificate of ${server} was not accepted: ${cause?.message}`,
      advice: "set NODE_EXTRA_CA_CERTS to the file of a private authority",
    };
  }
  const failure = connectionFailures[code];
  if (!failure) return undefined;
  return {
    message: `${server} is not available: ${failure}`,
    advice: "`sluice serve` starts a server here, `sluice contexts list` shows the servers that you know",
  };
}

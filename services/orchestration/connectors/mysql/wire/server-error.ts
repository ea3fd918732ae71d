/** Maximum length of a server's text in a message. */
const textCharactersMax = 500;

/** An error that the server reports. */
export class ServerError extends Error {
  override name = "ServerError";
  readonly errno: number;
  readonly sqlState: string;

  constructor(errno: number, sqlState: string, message: string) {
    super(message.length > textCharactersMax ? `${message.slice(0, textCharactersMax)}…` : message);
    this.errno = errno;
    this.sqlState = sqlState;
  }
}

/** Parses an ERR packet. One before the login has no SQL state. */
export function toServerError(body: Buffer): ServerError {
  const errno = body.length < 3 ? 0 : body.readUInt16LE(1);
  const hasState = body[3] === "#".charCodeAt(0);
  const sqlState = hasState ? body.toString("latin1", 4, 9) : "";
  return new ServerError(errno, sqlState, body.toString("utf8", hasState ? 9 : 3));
}

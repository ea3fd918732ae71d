import { constants } from "node:http2";

/** A violation of the protocol that closes the connection. `code` is an error code of RFC 9113, section 7. */
export class Http2Error extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const protocolError = (message: string): Http2Error =>
  new Http2Error(constants.NGHTTP2_PROTOCOL_ERROR, message);

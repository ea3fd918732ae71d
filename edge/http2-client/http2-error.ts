import { constants } from "node:http2";

/** What ends a connection: the other end does not keep to the protocol. The code is one of RFC 9113, section 7. */
export class Http2Error extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const protocolError = (message: string): Http2Error =>
  new Http2Error(constants.NGHTTP2_PROTOCOL_ERROR, message);

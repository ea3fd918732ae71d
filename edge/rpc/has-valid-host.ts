import { type HttpRequest, isHttp2 } from "../http/http.ts";

const host = /^(?:\[[0-9A-Fa-f:.%]+\]|[^\s/?#@[\]:\\]+)(?::\d{0,5})?$/;

/** Whether the Host header of an HTTP/1 request is syntactically valid. */
export const hasValidHost = (request: HttpRequest): boolean =>
  isHttp2(request) || host.test(request.headers.host ?? "");

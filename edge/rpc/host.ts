import { type HttpRequest, isHttp2 } from "../http/http.ts";

const host = /^(?:\[[0-9A-Fa-f:.%]+\]|[^\s/?#@[\]:\\]+)(?::\d{0,5})?$/;

/** Whether a request over HTTP/1 says which host it wants in a way that can be one. */
export const hasValidHost = (request: HttpRequest): boolean =>
  isHttp2(request) || host.test(request.headers.host ?? "");

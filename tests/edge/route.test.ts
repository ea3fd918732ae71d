import { create, type DescMethod } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type Route, toRoute } from "../../edge/rest/route.ts";
import { type HttpRule, HttpRuleSchema } from "../../gen/google/api/http_pb.ts";
import { RestSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";

describe("routes that can't be are refused when they are built", () => {
  const rule = (init: Partial<HttpRule>) => create(HttpRuleSchema, init as HttpRule);
  const get = (value: string) => rule({ pattern: { case: "get", value } });
  const build = (method: DescMethod, binding: HttpRule, spelled?: Parameters<typeof toRoute>[3]): Route =>
    toRoute(method, "public", binding, spelled);
  const { look: lookMethod } = EchoService.method;

  test.each([
    ["an unknown field", get("/v1/{nothing}")],
    ["a repeated field", get("/v1/{tags}")],
    ["a map", get("/v1/{labels}")],
    ["a message", get("/v1/{inner}")],
    ["an unknown body field", rule({ pattern: { case: "post", value: "/v1" }, body: "nothing" })],
    ["no path", rule({})],
  ])("Error: %s", (_, binding) => {
    expect(() => build(lookMethod, binding)).toThrow(/^sluice\.test\.v1\.EchoService\.Look: /);
  });

  test.each([
    [
      "a header that sets an unknown field",
      EchoService.method.look,
      { requestHeaders: [{ name: "a", field: "b" }] },
    ],
    [
      "an upload that is no client stream",
      EchoService.method.look,
      { upload: { headerField: "inner", chunkField: "token" } },
    ],
    [
      "an upload without its header",
      EchoService.method.upload,
      { upload: { headerField: "nothing", chunkField: "chunk" } },
    ],
    [
      "an upload without its piece",
      EchoService.method.upload,
      { upload: { headerField: "header", chunkField: "nothing" } },
    ],
  ])("Error: %s", (_, method, spelled) => {
    expect(() => build(method, get("/v1"), create(RestSchema, spelled))).toThrow(
      /^sluice\.test\.v1\.EchoService\./,
    );
  });
});

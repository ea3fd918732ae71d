import { create, type DescMethod } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { Route } from "../../edge/method/route.ts";
import { toRoute } from "../../edge/method/routes-of.ts";
import { type HttpRule, HttpRuleSchema } from "../../gen/google/api/http_pb.ts";
import { RestSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { LibraryService } from "../../gen/sluice/library/v1/library_pb.ts";
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

  const post = (value: string, body: string) => rule({ pattern: { case: "post", value }, body });

  test.each<[string, DescMethod, HttpRule, RegExp]>([
    [
      "a body of GET",
      LibraryService.method.findBooks,
      rule({ ...get("/v1"), body: "*" }),
      /GET takes no body/,
    ],
    [
      "a nested body field",
      LibraryService.method.updateBook,
      post("/v1", "book.title"),
      /has no field book.title/,
    ],
    [
      "a field by its JSON name",
      LibraryService.method.findBooks,
      get("/v1/{pageSize}"),
      /not the field's name/,
    ],
    [
      "a field twice, by both its names",
      LibraryService.method.findBooks,
      get("/v1/{pageSize}/{page_size}"),
      /page_size is set by two parts/,
    ],
    [
      "two members of a oneof",
      LibraryService.method.createBook,
      post("/v1/{code}/{donor_number}", ""),
      /two parts of the request set the oneof origin/,
    ],
    [
      "a stream of requests without a body",
      LibraryService.method.importBooks,
      post("/v1", ""),
      /needs a body/,
    ],
    [
      "a stream of requests in a field that is no message",
      LibraryService.method.importBooks,
      post("/v1", "shelf"),
      /shelf can't carry a stream/,
    ],
    ["a repeated message", LibraryService.method.findBooks, get("/v1/{likes}"), /one piece of text/],
    [
      "additional bindings of an additional binding",
      LibraryService.method.findBooks,
      rule({
        ...get("/v1"),
        additionalBindings: [rule({ ...get("/v2"), additionalBindings: [get("/v3")] })],
      }),
      /has no additional bindings/,
    ],
  ])("Error: %s", (_, method, binding, problem) => {
    const bindings = [binding, ...binding.additionalBindings];
    expect(() => bindings.map((one) => build(method, one))).toThrow(problem);
  });

  test("Error: an unknown field that is the whole answer", () => {
    const binding = rule({ ...get("/v1"), responseBody: "nothing" });
    expect(() => build(LibraryService.method.findBooks, binding)).toThrow(/has no field nothing/);
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

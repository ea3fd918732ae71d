import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { google } from "../../edge/dialects/google.ts";
import { encodeGoogleError } from "../../edge/dialects/google-error.ts";
import { mediaTypeUnsupported } from "../../edge/errors/http-error.ts";
import type { ResponseBinding } from "../../edge/method/route.ts";
import { toRoute } from "../../edge/method/routes-of.ts";
import { headOf, toJsonBody } from "../../edge/rest/response.ts";
import type { RestCall } from "../../edge/rest/rest-call.ts";
import { HttpRuleSchema } from "../../gen/google/api/http_pb.ts";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.ts";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { HttpHeadSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { EchoService, LookResponseSchema } from "../../gen/sluice/test/v1/echo_pb.ts";
import { failure, invalidFields } from "../../services/lib/rpc/errors.ts";

describe("errors", () => {
  test.each([
    [Code.Canceled, 499, "CANCELLED"],
    [Code.Unknown, 500, "UNKNOWN"],
    [Code.InvalidArgument, 400, "INVALID_ARGUMENT"],
    [Code.DeadlineExceeded, 504, "DEADLINE_EXCEEDED"],
    [Code.NotFound, 404, "NOT_FOUND"],
    [Code.AlreadyExists, 409, "ALREADY_EXISTS"],
    [Code.PermissionDenied, 403, "PERMISSION_DENIED"],
    [Code.ResourceExhausted, 429, "RESOURCE_EXHAUSTED"],
    [Code.FailedPrecondition, 400, "FAILED_PRECONDITION"],
    [Code.Aborted, 409, "ABORTED"],
    [Code.OutOfRange, 400, "OUT_OF_RANGE"],
    [Code.Unimplemented, 501, "UNIMPLEMENTED"],
    [Code.Internal, 500, "INTERNAL"],
    [Code.Unavailable, 503, "UNAVAILABLE"],
    [Code.DataLoss, 500, "DATA_LOSS"],
    [Code.Unauthenticated, 401, "UNAUTHENTICATED"],
    [99 as Code, 500, "UNKNOWN"],
  ])("code %i is HTTP %i %s", (code, status, name) => {
    const answer = encodeGoogleError(new ConnectError("what", code));
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ error: { code: status, status: name, message: "what", details: [] } });
  });

  test.each([
    [Code.ResourceExhausted, ErrorReason.QUOTA_EXCEEDED, 413],
    [Code.Aborted, ErrorReason.ETAG_MISMATCH, 412],
    [Code.OutOfRange, ErrorReason.RANGE_NOT_SATISFIABLE, 416],
    [Code.NotFound, ErrorReason.RESOURCE_NOT_FOUND, 404],
  ])("code %i with reason %i is HTTP %i", (code, reason, status) => {
    expect(encodeGoogleError(failure(code, reason, "what")).status).toBe(status);
  });

  test("details have their type and their fields", () => {
    const { body } = encodeGoogleError(
      failure(Code.NotFound, ErrorReason.RESOURCE_NOT_FOUND, "what", { file: "1" }),
    );
    expect(body.error.details).toEqual([
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: "RESOURCE_NOT_FOUND",
        domain: "sluice",
        metadata: { file: "1" },
      },
    ]);
    const { body: bad } = encodeGoogleError(invalidFields([{ field: "a.b", description: "no" }]));
    expect(bad.error.details).toEqual([
      {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: [{ field: "a.b", description: "no" }],
      },
    ]);
  });

  test("a detail that nobody here knows keeps its type and its bytes", () => {
    const error = new ConnectError("what", Code.Internal);
    error.details.push({ type: "foreign.v1.Detail", value: new Uint8Array([1]) });
    expect(encodeGoogleError(error).body.error.details).toEqual([
      { "@type": "type.googleapis.com/foreign.v1.Detail", value: "AQ==" },
    ]);
  });

  test("headers go with them", () => {
    expect(
      encodeGoogleError(failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, "x")).headers,
    ).toEqual({
      "retry-after": "1",
    });
    expect(encodeGoogleError(new ConnectError("x", Code.Unauthenticated)).headers).toEqual({
      "www-authenticate": "Bearer",
    });
    expect(encodeGoogleError(mediaTypeUnsupported("JSON"))).toMatchObject({ status: 415, headers: {} });
  });
});

describe("answers", () => {
  const plain: ResponseBinding = { status: 200, cacheControl: undefined, field: undefined, rawBody: false };
  const message = create(LookResponseSchema, { metadata: { a: "b" } });

  test("response_body: one field is the whole answer", () => {
    const rule = create(HttpRuleSchema, {
      pattern: { case: "get", value: "/x" },
      responseBody: "metadata",
    });
    const route = toRoute(EchoService.method.look, "public", rule, undefined);
    const call = { exchange: { dialect: google }, route, selection: "all" } as unknown as RestCall;
    expect(toJsonBody(call, message)).toEqual({ a: "b" });
    const whole = { ...call, route: { ...route, response: plain } };
    expect(toJsonBody(whole, message)).toEqual({ metadata: { a: "b" } });
  });

  test("HttpHead: sets status and headers, but not those of the connection", () => {
    const headers = { etag: '"1"', connection: "close", "transfer-encoding": "chunked", "x-request-id": "y" };
    const extensions = [anyPack(HttpHeadSchema, create(HttpHeadSchema, { status: 206, headers }))];
    const body = create(HttpBodySchema, { contentType: "text/csv", extensions });
    expect(headOf({ ...plain, cacheControl: "no-store" }, body)).toEqual({
      status: 206,
      orgId: "",
      headers: { "content-type": "text/csv", "cache-control": "no-store", etag: '"1"' },
    });
    expect(headOf(plain, create(HttpBodySchema, {}))).toEqual({ status: 200, orgId: "", headers: {} });
  });
});

import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { wrap } from "../../../edge/codec/envelope.ts";
import { IssueTokenResponseSchema } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import { parseConfig as parseCompatConfig } from "../../../services/compat/config.ts";
import { run as runCompat } from "../../../services/compat/run.ts";
import { startRawUpstream } from "../../edge/lib/raw-upstream.ts";
import { startService } from "../../lib/test-mesh.ts";
import { commonEnv } from "../mesh.ts";
import { grpc, nonsense, startEdge } from "../nonsense.ts";
import { request } from "./fixtures.ts";

const login = { json: { email: "ann@example.org", password: "a password of hers" } };

test.each(nonsense)("Internal: identity answers compat %s", async (_, serve) => {
  await using stack = new AsyncDisposableStack();
  const identity = stack.use(await startRawUpstream(serve));
  const config = parseCompatConfig({ ...commonEnv("compat"), IDENTITY_ADDRESS: identity.address });
  const compat = stack.use(await startService(runCompat, config));
  const edge = await startEdge(stack, compat.address);
  const { status, body } = await request(edge, "POST /api_v1/auth/access", login);
  expect([status, body]).toEqual([500, { detail: "Service error" }]);
});

// A page is also what a proxy before a stopped process answers, so the edge takes it for one: that is Unavailable.
const ofGrpc = nonsense.filter(([name]) => name !== "a page");

test.each(ofGrpc)("Internal: compat answers the edge %s", async (_, serve) => {
  await using stack = new AsyncDisposableStack();
  const compat = stack.use(await startRawUpstream(serve));
  const edge = await startEdge(stack, compat.address);
  const { status, body } = await request(edge, "POST /api_v1/auth/access", login);
  expect([status, body]).toEqual([500, { detail: "Service error" }]);
});

test("OK: the same servers are understood where they make sense", async () => {
  await using stack = new AsyncDisposableStack();
  const tokens = create(IssueTokenResponseSchema, {
    accessToken: "a",
    refreshToken: "r",
    tokenType: "Bearer",
  });
  const identity = stack.use(
    await startRawUpstream(grpc(wrap(0, toBinary(IssueTokenResponseSchema, tokens)))),
  );
  const config = parseCompatConfig({ ...commonEnv("compat"), IDENTITY_ADDRESS: identity.address });
  const compat = stack.use(await startService(runCompat, config));
  const edge = await startEdge(stack, compat.address);
  const { status, body } = await request(edge, "POST /api_v1/auth/access", login);
  expect([status, body]).toEqual([200, { access_token: "a", refresh_token: "r", token_type: "bearer" }]);
});

import { expect, test } from "vitest";
import { parseConfig as parseCompatConfig } from "../../../services/compat/config.ts";
import { run as runCompat } from "../../../services/compat/run.ts";
import { startRawUpstream } from "../../edge/lib/raw-upstream.ts";
import { startService } from "../../lib/test-mesh.ts";
import { commonEnv } from "../mesh.ts";
import { nonsense, startEdge } from "../nonsense.ts";
import { basic, request } from "./fixtures.ts";

const login = { headers: basic("ann@example.org", "a password of hers") };
const internal = [
  500,
  "text/plain; charset=utf-8",
  expect.stringMatching(/^internal error(, request id [\w-]+)?$/),
];

test.each(nonsense)("Internal: identity answers compat %s", async (_, serve) => {
  await using stack = new AsyncDisposableStack();
  const identity = stack.use(await startRawUpstream(serve));
  const config = parseCompatConfig({ ...commonEnv("compat"), IDENTITY_ADDRESS: identity.address });
  const compat = stack.use(await startService(runCompat, config));
  const edge = await startEdge(stack, compat.address);
  const { status, type, body } = await request(edge, "GET /token", login);
  expect([status, type, body]).toEqual(internal);
});

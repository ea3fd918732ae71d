import { once } from "node:events";
import { request as http1Request, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { bearer, orgId, startTestEdge } from "../edge/lib/test-edge.ts";
import { principal } from "../lib/test-mesh.ts";
import { filesIn, generated, mib, startStorage, upload, usage, usageOf } from "./fixtures.ts";

test.each([
  ["announced its size", { "content-length": String(8 * mib) }],
  ["did not", {}],
])("408: nothing is left of an upload over HTTP whose sender stops, if it %s", async (_, headers) => {
  await using storage = await startStorage();
  await using edge = await startTestEdge({
    limits: { pauseMs: 2_000 },
    services: [FileService],
    upstreams: { storage: storage.address },
  });
  const who = principal({ orgId });
  const request = http1Request(`${edge.url}/api/v1/storage/files?name=slow.bin`, {
    method: "POST",
    agent: false,
    headers: { ...bearer, ...headers },
  });
  request.on("error", () => undefined);
  const answered = once(request, "response") as Promise<[IncomingMessage]>;
  request.write(generated(2 * mib));
  await expect.poll(() => filesIn(storage.directory)).toHaveLength(1);
  await upload(storage, who, { content: "others go on" });

  const [response] = await answered;
  expect([response.statusCode, await json(response)]).toMatchObject([
    408,
    { error: { status: "DEADLINE_EXCEEDED", message: "no byte of the body came for 2 s" } },
  ]);
  await expect.poll(() => usageOf(storage, who)).toEqual(usage("others go on".length, 1));
  await expect
    .poll(async () => (await filesIn(storage.directory)).map((path) => path.slice(0, 6)))
    .toEqual(["object"]);
  expect(await storage.database.sql`select * from storage.reservations`).toEqual([]);
});

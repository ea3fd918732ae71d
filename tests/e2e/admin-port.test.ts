import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { startOnFolder } from "./mesh-process.ts";

async function get(socketPath: string, path: string): Promise<{ status: number | undefined; body: string }> {
  const sent = request({ socketPath, path, agent: false }).end();
  const [response] = await once(sent, "response");
  return { status: response.statusCode, body: await text(response) };
}

test("OK: the mesh in one process has one admin port for all of its parts", async () => {
  await using folder = await temporaryFolder();
  const socket = join(folder.path, "admin.sock");
  await using mesh = await startOnFolder(folder.path, "a password for the other port", {
    ADMIN_LISTEN: `unix:${socket}`,
  });
  const ready = await get(socket, "/readyz");
  expect([ready.status, JSON.parse(ready.body)]).toEqual([
    200,
    {
      status: "SERVING",
      parts: {
        approval: true,
        compat: true,
        edge: true,
        identity: true,
        orchestration: true,
        staging: true,
        storage: true,
      },
    },
  ]);
  expect((await fetch(`${mesh.url}/api/v1/storage/files`)).status).toBe(401);
  const metrics = async () => (await get(socket, "/metrics")).body;
  // A response is counted after its end, which the client can see first.
  await expect
    .poll(metrics)
    .toContain(
      'sluice_edge_requests_total{method="sluice.storage.v1.FileService/ListFiles",protocol="rest",code="UNAUTHENTICATED"} 1',
    );
  // A sweep may be running.
  for (const queue of ["jobs", "sweeps", "lineage"]) {
    await expect.poll(metrics).toContain(`sluice_jobs{service="staging",queue="${queue}",state="active"} 0`);
  }
  const body = await metrics();
  for (const service of ["approval", "identity", "orchestration", "staging", "storage"]) {
    expect(body).toContain(`sluice_db_pool_connections{service="${service}",pool="service",state="max"} 10`);
  }
});

import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { callersIn, request, thingsOf } from "./fixtures.ts";
import { startRivergen } from "./mesh.ts";
import { orchestrationRows } from "./orchestration-rows.ts";
import type { Scene } from "./row.ts";
import { stagingRows } from "./staging-rows.ts";
import { storageRows } from "./storage-rows.ts";

const mesh = forFile(() => startRivergen());
const scene = forFile(async (): Promise<Scene> => {
  const callers = await callersIn(mesh());
  return { ...callers, ...(await thingsOf(mesh(), callers)) };
});

/** The line with what stands for the names in its braces. */
const filled = (line: string): string =>
  line.replaceAll(/\{(\w+)(:encoded)?\}/g, (_, name: keyof Scene, encoded) => {
    const value = String(scene()[name]);
    return encoded ? encodeURIComponent(value) : value;
  });

test.each([...orchestrationRows, ...storageRows, ...stagingRows])("%s: %s", async (line, _, exchange) => {
  const { sent, status, body } = exchange(scene());
  const answer = await request(mesh(), filled(line), sent);
  expect([answer.status, JSON.parse(answer.body)]).toEqual([status, body]);
  expect(answer.headers["content-type"]).toBe("application/json");
});

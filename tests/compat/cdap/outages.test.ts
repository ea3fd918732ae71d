import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { adminEmail, password } from "../mesh.ts";
import { startStoppableMesh } from "../processes.ts";
import { basic, logIn, request } from "./fixtures.ts";

const mesh = forFile(startStoppableMesh);

const unavailable = [
  503,
  "text/plain; charset=utf-8",
  "Service 'sluice' is not available. Please wait until it is up and running.",
];

test.each(["compat", "identity"] as const)(
  "Unavailable: %s is stopped, and when it is back all is well",
  async (name) => {
    const token = await logIn(mesh());
    const read = async (line: string, headers = {}) => {
      const { status, type, body } = await request(mesh(), line, { token, headers });
      return [status, type, body];
    };
    expect((await read("GET /v3/namespaces"))[0]).toBe(200);
    await mesh().kill(name);
    expect(await read("GET /v3/namespaces")).toEqual(unavailable);
    expect(await read("GET /token", basic(adminEmail, password))).toEqual(unavailable);
    await mesh().start(name);
    await expect.poll(async () => (await read("GET /v3/namespaces"))[0], { timeout: 30_000 }).toBe(200);
  },
);

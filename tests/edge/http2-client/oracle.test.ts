import { once } from "node:events";
import { connect, constants } from "node:http2";
import fc from "fast-check";
import { expect, test } from "vitest";
import { connectTo, request } from "./lib/exchange.ts";
import { type HostileServer, startHostileServer } from "./lib/hostile-server.ts";
import { type Request, type Scenario, scenario } from "./lib/scenario.ts";

// `node:http2` is the oracle: for any legal frames of a server, both clients report the same.

/** A client's report of one request. */
type Reported = {
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  readonly code: number;
};

type Client = (server: HostileServer, requests: readonly Request[], waits: boolean) => Promise<Reported[]>;

const contentOf = (bytes: number): Buffer => Buffer.alloc(bytes, "x");

const own: Client = async ({ port, acknowledged, script }, requests, waits) => {
  using connection = connectTo(port);
  if (waits) await new Promise<void>((resolve) => connection.http2.ping(resolve));
  const reported = await Promise.all(
    requests.map(async ({ fields, chunks }) => {
      const { stream, answer } = request(connection.http2, headersOf(fields));
      for (const bytes of chunks) void stream.write(contentOf(bytes));
      stream.end();
      const { headers, body, trailers, code } = await answer;
      return { headers, body: body.toString(), trailers, code };
    }),
  );
  if (script.isEnded.every(Boolean)) await acknowledged;
  return reported;
};

const nodes: Client = async ({ port, acknowledged, script }, requests, waits) => {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => undefined);
  await once(session, "connect");
  if (waits) await new Promise<void>((resolve) => session.ping(() => resolve()));
  const reported = await Promise.all(
    requests.map(({ fields, chunks }) => {
      const stream = session.request({ ":method": "POST", ":path": "/", ...headersOf(fields) });
      let headers: readonly string[] = [];
      let trailers: readonly string[] = [];
      const body: Buffer[] = [];
      stream.on("response", (_, __, raw: readonly string[] = []) => {
        headers = raw;
      });
      stream.on("trailers", (_, __, raw: readonly string[] = []) => {
        trailers = raw;
      });
      stream.on("data", (chunk: Buffer) => body.push(chunk)).on("error", () => undefined);
      for (const bytes of chunks) stream.write(contentOf(bytes));
      stream.end();
      return new Promise<Reported>((resolve) =>
        stream.on("close", () =>
          resolve({ headers, body: Buffer.concat(body).toString(), trailers, code: stream.rstCode ?? 0 }),
        ),
      );
    }),
  );
  if (script.isEnded.every(Boolean)) await acknowledged;
  session.destroy();
  return reported;
};

function headersOf(fields: Request["fields"]): Record<string, string[]> {
  const own = fields.filter(([name]) => name.startsWith("x-"));
  return Object.fromEntries(
    own.map(([name]) => [name, own.filter(([other]) => other === name).map(([, value]) => value)]),
  );
}

async function play(client: Client, played: Scenario) {
  await using server = await startHostileServer(played);
  const reported = await client(
    server,
    played.exchanges.map(([sent]) => sent),
    played.waits,
  );
  const isGoaway = played.end.kind === "goaway";
  return {
    received: server.received(),
    isWithinWindows: server.isWithinWindows(),
    // The clients use different codes for a lost connection.
    reported: reported.map((one, at) =>
      server.script.isEnded[at] || isGoaway ? one : { ...one, code: "lost" },
    ),
  };
}

test("OK: both clients report the same of whatever a server may say", async () => {
  const seen = { codes: new Set<number | string>(), trailers: 0 };
  await fc.assert(
    fc.asyncProperty(scenario, async (played) => {
      const [one, other] = await Promise.all([play(own, played), play(nodes, played)]);
      for (const { code, trailers } of one.reported) {
        seen.codes.add(code);
        seen.trailers += trailers.length > 0 ? 1 : 0;
      }
      expect(one).toEqual(other);
      expect(one.isWithinWindows).toBe(true);
      expect(one.received).toEqual(
        played.exchanges.map(([{ chunks }]) => chunks.reduce((sum, bytes) => sum + bytes, 0)),
      );
    }),
    { seed: 13, numRuns: 300 },
  );
  // The scenarios cover the interesting outcomes.
  expect([...seen.codes]).toEqual(
    expect.arrayContaining([constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_REFUSED_STREAM, "lost"]),
  );
  expect(seen.trailers).toBeGreaterThan(50);
});

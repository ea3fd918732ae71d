import { join } from "node:path";
import { startChild } from "./child.ts";
import { compare, speedOf } from "./compare.ts";
import { getMany, type Target } from "./http-load.ts";
import type { Row } from "./row.ts";
import type { World } from "./world.ts";

const path = "/api/v1/connectors/file";
const requests = 1500;
const concurrency = 32;
const rounds = 5;

type WhoAmI = { orgId: string; userId: string; roles: string[] };

const load = (target: Target) => () => speedOf(requests, () => getMany(target, requests, concurrency));

export const restUnary: Row = {
  name: "REST unary",
  against: "a bare node:http handler that makes the same grpc-js call",
  target: 0.5,
  async measure(world: World) {
    const mesh = await world.separateProcesses();
    const { orgId, userId, roles } = await mesh.call<WhoAmI>("GET", "/api/v1/auth/whoami");
    await using bare = await startChild("./bare-unary-server.ts", [
      mesh.process.addresses.ORCHESTRATION_ADDRESS ?? "",
      join(mesh.process.secrets, "edge"),
      JSON.stringify({ orgId, userId, roles }),
    ]);
    return await compare(load(mesh.target(path)), load({ url: `${bare.url}${path}`, headers: {} }), rounds);
  },
};

export const restUnaryOneProcess: Row = {
  name: "REST unary, one process",
  against: "separate processes",
  target: undefined,
  async measure(world: World) {
    const one = await world.oneProcess();
    const separate = await world.separateProcesses();
    return compare(load(one.target(path)), load(separate.target(path)), rounds);
  },
};

import { pino } from "pino";
import { standardLimits } from "../../../../edge/http/limits.ts";
import { startEdge } from "../../../../edge/start-edge.ts";
import { EchoService } from "../../../../gen/sluice/test/v1/echo_pb.ts";

// Runs an edge in a process of its own. It sends its address to the parent, and its memory and processor time on request.

const { upstreams, limits, meshPrivateKey } = JSON.parse(process.argv[2] ?? "{}");
const edge = await startEdge({
  host: "127.0.0.1",
  port: 0,
  services: [EchoService],
  upstreams,
  meshPrivateKey,
  limits: { ...standardLimits, ...limits },
  log: pino({ level: "silent" }),
});
process.send?.(edge.address);
process.on("message", (garbage) => {
  if (garbage === "collected") global.gc?.();
  const { user, system } = process.cpuUsage();
  process.send?.({ memoryBytes: process.memoryUsage().rss, processorMs: (user + system) / 1000 });
});
process.on("disconnect", () => process.exit());

import type { MethodImpl } from "@connectrpc/connect";
import type { HealthService } from "../../../../gen/compat/rivergen/v1/health_pb.ts";
import { succeed } from "../succeed.ts";

export const getBanner = (): MethodImpl<typeof HealthService.method.getBanner> => () =>
  succeed({ service: "RiverGen", provider: "Sluice" }, "RiverGen's API, as Sluice serves it");

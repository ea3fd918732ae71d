import type { MethodImpl } from "@connectrpc/connect";
import type { HealthService } from "../../../../gen/compat/rivergen/v1/health_pb.ts";
import { succeed } from "../succeed.ts";

export const getHealth = (): MethodImpl<typeof HealthService.method.getHealth> => () =>
  succeed({ status: "healthy", service: "RiverGen" }, "Service is healthy");

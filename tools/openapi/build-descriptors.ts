import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { accessOf } from "../../edge/method/access.ts";

/** Types of errors and of HTTP heads, which no method refers to. */
const alsoNeeded = [
  "google.rpc.Status",
  "google.rpc.BadRequest",
  "google.rpc.ErrorInfo",
  "google.rpc.RequestInfo",
  "google.rpc.RetryInfo",
  "sluice.common.v1.ErrorReason",
  "sluice.common.v1.HttpHead",
];

const bytesMax = 64 * 1024 * 1024;

/**
 * Compiles contracts to a google.protobuf.FileDescriptorSet with comments. It has the exposed methods with their types, and
 * nothing of internal ones.
 */
export function buildDescriptors(services: readonly DescService[]): Uint8Array {
  const methods = services.flatMap((service) => service.methods).filter(isCallable);
  const types = [...methods.map((method) => `${method.parent.typeName}.${method.name}`), ...alsoNeeded];
  const root = join(import.meta.dirname, "../..");
  return execFileSync(
    join(root, "node_modules/.bin/buf"),
    [
      "build",
      "--as-file-descriptor-set",
      "--output=-#format=binpb",
      ...types.map((type) => `--type=${type}`),
    ],
    { cwd: root, maxBuffer: bytesMax },
  );
}

const isCallable = (method: DescMethod): boolean => accessOf(method) !== "internal";

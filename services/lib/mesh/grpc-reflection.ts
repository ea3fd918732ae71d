import { type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";

/** Serves gRPC server reflection (v1 and v1alpha) for the services. */
export function addReflection(server: Server, services: readonly DescService[]): void {
  const definitions = services.map((service) => [
    service.typeName,
    { fileDescriptorProtos: filesOf(service.file).map(encode) },
  ]);
  new ReflectionService(Object.fromEntries(definitions), {
    services: services.map(({ typeName }) => typeName),
  }).addToServer(server);
}

function filesOf(file: DescFile, seen = new Set<DescFile>()): DescFile[] {
  if (!seen.has(file)) {
    seen.add(file);
    for (const dependency of file.dependencies) filesOf(dependency, seen);
  }
  return [...seen];
}

const encode = (file: DescFile): Buffer => Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto));

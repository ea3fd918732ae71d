import { decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import { Metadata } from "@grpc/grpc-js";

/** Values of `-bin` names are base64 in headers and bytes in grpc-js metadata. */
export function toMetadata(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of headers) {
    if (name.endsWith("-bin")) metadata.add(name, Buffer.from(decodeBinaryHeader(value)));
    else metadata.add(name, value);
  }
  return metadata;
}

export function toHeaders(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const name of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(name)) {
      headers.append(name, typeof value === "string" ? value : encodeBinaryHeader(value));
    }
  }
  return headers;
}

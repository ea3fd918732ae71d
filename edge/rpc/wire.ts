/** Protocol and codec of an RPC. */
export type Wire = {
  readonly protocol: "connect" | "grpc" | "grpc-web";
  readonly codec: Codec;
  /** Whether each message has an envelope: a byte of flags and four of length. Otherwise the body is one message. */
  readonly enveloped: boolean;
  /** Of the response. */
  readonly contentType: string;
};

type Codec = "proto" | "json";

const connectUnary = (codec: Codec): Wire => ({
  protocol: "connect",
  codec,
  enveloped: false,
  contentType: `application/${codec}`,
});
const enveloped = (protocol: Wire["protocol"], codec: Codec, contentType: string): Wire => ({
  protocol,
  codec,
  enveloped: true,
  contentType,
});

const wires = new Map(
  [
    connectUnary("proto"),
    connectUnary("json"),
    enveloped("connect", "proto", "application/connect+proto"),
    enveloped("connect", "json", "application/connect+json"),
    enveloped("grpc", "proto", "application/grpc"),
    enveloped("grpc", "proto", "application/grpc+proto"),
    enveloped("grpc", "json", "application/grpc+json"),
    enveloped("grpc-web", "proto", "application/grpc-web"),
    enveloped("grpc-web", "proto", "application/grpc-web+proto"),
    enveloped("grpc-web", "json", "application/grpc-web+json"),
  ].map((wire) => [wire.contentType, wire]),
);

/** Undefined for a media type of no RPC protocol. */
export function wireOf(contentType: string | undefined): Wire | undefined {
  if (contentType === undefined) return undefined;
  return wires.get(contentType) ?? wires.get(withoutParameters(contentType));
}

const withoutParameters = (contentType: string): string =>
  contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";

import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { type Env, grpcAddress, parseEnv } from "../settings/env.ts";

/** Tracing and metrics settings of a process. */
export type TelemetrySettings = {
  /** Undefined: tracing is off. */
  readonly tracing: TracingSettings | undefined;
  /** Undefined: metrics are off, and no admin port is opened. */
  readonly admin: AdminSettings | undefined;
};

export type TracingSettings = {
  /** OTLP endpoint (protobuf over HTTP). */
  readonly url: string;
  /** Sampling ratio of new traces, from 0 to 1. */
  readonly ratio: number;
  /** Whether a service follows the caller's sampled flag. */
  readonly followsParent: boolean;
  /** Maximum number of requests that the edge records per second. */
  readonly edgeTracesPerSecond: number;
  /** Export interval of span batches, in milliseconds. */
  readonly sendEveryMs: number;
};

export type AdminSettings = {
  readonly listen: string;
  /** Without a token, every client that reaches the port may read it. */
  readonly token: string | undefined;
  readonly profiling: boolean;
};

export const telemetrySecrets = ["admin_token"] as const;

const tokenCharactersMin = 16;

const url = z.url({ protocol: /^https?$/, error: "must be a URL, as http://127.0.0.1:4318" }).optional();
const protocol = z.literal("http/protobuf", "must be http/protobuf").optional();
const onOff = z.enum(["on", "off", "true", "false"], "must be on or off").default("off");
const number = (text: string, least: number, most: number) =>
  z
    .string()
    .default(text)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a number from ${least} to ${most}`);

const telemetryEnv = z
  .object({
    OTEL_SDK_DISABLED: onOff,
    OTEL_TRACES_EXPORTER: z.enum(["otlp", "none"], "must be otlp or none").default("otlp"),
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
    OTEL_TRACES_SAMPLER: z
      .templateLiteral([z.enum(["parentbased_", ""]), z.enum(["always_on", "always_off", "traceidratio"])])
      .default("parentbased_always_on"),
    OTEL_TRACES_SAMPLER_ARG: number("1", 0, 1),
    OTEL_BSP_SCHEDULE_DELAY: number("5000", 1, 3_600_000),
    EDGE_TRACES_PER_SECOND: number("100", 0, 1_000_000),
    ADMIN_LISTEN: grpcAddress.optional(),
    ADMIN_PROFILING: onOff,
    admin_token: z
      .string()
      .min(tokenCharactersMin, `must have ${tokenCharactersMin} characters or more`)
      .optional(),
  })
  .refine(({ ADMIN_LISTEN, admin_token }) => !ADMIN_LISTEN || isLocal(ADMIN_LISTEN) || admin_token, {
    path: ["admin_token"],
    error: "is required where ADMIN_LISTEN is neither a loopback address nor a unix socket",
  });

/** Parses the telemetry settings; throws a ConfigError with every problem. */
export function parseTelemetry(env: Env): TelemetrySettings {
  const read = parseEnv(telemetryEnv, env);
  const admin = read.ADMIN_LISTEN && {
    listen: read.ADMIN_LISTEN,
    token: read.admin_token,
    profiling: isOn(read.ADMIN_PROFILING),
  };
  return Object.freeze({ tracing: tracingOf(read), admin: admin || undefined });
}

function tracingOf(read: z.output<typeof telemetryEnv>): TracingSettings | undefined {
  const base = read.OTEL_EXPORTER_OTLP_ENDPOINT;
  const endpoint =
    read.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base && `${base.replace(/\/$/, "")}/v1/traces`);
  const isOff = isOn(read.OTEL_SDK_DISABLED) || read.OTEL_TRACES_EXPORTER === "none";
  if (!endpoint || isOff) return undefined;
  const sampler = read.OTEL_TRACES_SAMPLER;
  return {
    url: endpoint,
    ratio: ratioOf(sampler, read.OTEL_TRACES_SAMPLER_ARG),
    followsParent: sampler.startsWith("parentbased_"),
    edgeTracesPerSecond: read.EDGE_TRACES_PER_SECOND,
    sendEveryMs: read.OTEL_BSP_SCHEDULE_DELAY,
  };
}

function ratioOf(sampler: string, ratio: number): number {
  if (sampler.endsWith("always_off")) return 0;
  return sampler.endsWith("traceidratio") ? ratio : 1;
}

const isOn = (value: string): boolean => value === "on" || value === "true";

/** Whether the address is reachable from this machine only. Of host names, only `localhost` is. */
function isLocal(listen: string): boolean {
  if (listen.startsWith("unix:")) return true;
  const host = listen.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return host === "localhost" || (isIP(host) !== 0 && ipaddr.process(host).range() === "loopback");
}

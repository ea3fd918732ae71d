import { z } from "zod";
import { parseProxies } from "../http/client-address.ts";
import type { Limit, LimitName, RateLimits, ReadLimits } from "./limit.ts";
import { readBytesMin } from "./read-budget.ts";

const tokensMax = 1_000_000_000;
const bytesMax = 1_000_000_000_000_000;
const windowSecondsMax = 86_400;

/** `6000/60`: a bucket of 6000 tokens that fills in 60 seconds. */
const rate = (byDefault: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,9}\/[1-9]\d{0,4}$/, "must be calls and seconds, as 6000/60")
    .default(byDefault)
    .transform((text) => text.split("/").map(Number) as [tokens: number, seconds: number])
    .refine(
      ([tokens, seconds]) => tokens <= tokensMax && seconds <= windowSecondsMax,
      `must be at most ${tokensMax}/${windowSecondsMax}`,
    );

/** `1000000000/1`: a bucket of 1,000,000,000 bytes that fills in a second. */
const bytes = (byDefault: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,15}\/[1-9]\d{0,4}$/, "must be bytes and seconds, as 60000000000/60")
    .default(byDefault)
    .transform((text) => text.split("/").map(Number) as [tokens: number, seconds: number])
    .refine(
      ([tokens, seconds]) => tokens >= readBytesMin && tokens <= bytesMax && seconds <= windowSecondsMax,
      `must be ${readBytesMin}/1 to ${bytesMax}/${windowSecondsMax}`,
    );

const calls = (byDefault: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,8}$/, "must be a number from 1 on")
    .default(byDefault)
    .transform(Number);

/** Settings of admission. */
export const admissionEnv = {
  RATE_LIMIT_ADDRESS: rate("12000/60"),
  RATE_LIMIT_USER: rate("6000/60"),
  RATE_LIMIT_API_KEY: rate("6000/60"),
  RATE_LIMIT_ORG: rate("30000/60"),
  CONCURRENCY_LIMIT_ADDRESS: calls("500"),
  CONCURRENCY_LIMIT_USER: calls("200"),
  CONCURRENCY_LIMIT_API_KEY: calls("200"),
  CONCURRENCY_LIMIT_ORG: calls("1000"),
  READ_LIMIT_ADDRESS: bytes("60000000000/60"),
  READ_LIMIT_USER: bytes("60000000000/60"),
  READ_LIMIT_API_KEY: bytes("60000000000/60"),
  READ_LIMIT_ORG: bytes("240000000000/60"),
  READ_CONCURRENCY_ADDRESS: calls("200"),
  READ_CONCURRENCY_USER: calls("100"),
  READ_CONCURRENCY_API_KEY: calls("100"),
  READ_CONCURRENCY_ORG: calls("400"),
  TRUSTED_PROXIES: z
    .string()
    .default("")
    .transform((text, context) => {
      const proxies = parseProxies(text);
      if (proxies) return proxies;
      context.addIssue({ code: "custom", message: "must be networks with commas between, as 10.0.0.0/8" });
      return z.NEVER;
    }),
  rate_limit_store: z
    .string()
    .regex(/^(memory$|rediss?:\/\/)/, "must be memory, or the address of a Redis (redis://, rediss://)")
    // The error of URL's constructor would put the whole text into the log, with its password.
    .refine(
      (text) => text === "memory" || isStoreUrl(text),
      "must be a URL, as redis://:password@host:6379/0",
    )
    .default("memory"),
};

/** A password with special characters has to be percent-encoded; databases of Redis are numbers. */
function isStoreUrl(text: string): boolean {
  const url = URL.parse(text);
  return Boolean(url?.hostname) && /^(\/\d*)?$/.test(url?.pathname ?? "");
}

type Settings = z.output<z.ZodObject<typeof admissionEnv>>;

export function admissionOf(settings: Settings) {
  return Object.freeze({
    trustedProxies: settings.TRUSTED_PROXIES,
    /** `memory`, or the URL of a Redis. */
    rateLimitStore: settings.rate_limit_store,
    rateLimits: Object.freeze({
      address: limit(settings.RATE_LIMIT_ADDRESS, settings.CONCURRENCY_LIMIT_ADDRESS),
      user: limit(settings.RATE_LIMIT_USER, settings.CONCURRENCY_LIMIT_USER),
      "api-key": limit(settings.RATE_LIMIT_API_KEY, settings.CONCURRENCY_LIMIT_API_KEY),
      org: limit(settings.RATE_LIMIT_ORG, settings.CONCURRENCY_LIMIT_ORG),
    } satisfies Record<LimitName, Limit>) satisfies RateLimits,
    /** Of file reads; tokens are bytes. */
    readLimits: Object.freeze({
      address: limit(settings.READ_LIMIT_ADDRESS, settings.READ_CONCURRENCY_ADDRESS),
      user: limit(settings.READ_LIMIT_USER, settings.READ_CONCURRENCY_USER),
      "api-key": limit(settings.READ_LIMIT_API_KEY, settings.READ_CONCURRENCY_API_KEY),
      org: limit(settings.READ_LIMIT_ORG, settings.READ_CONCURRENCY_ORG),
    } satisfies Record<LimitName, Limit>) satisfies ReadLimits,
  });
}

const limit = ([tokens, seconds]: [tokens: number, seconds: number], callsMax: number): Limit =>
  Object.freeze({ tokens, refillMs: seconds * 1000, callsMax });

import { z } from "zod";
import type { Env } from "../../services/lib/settings/env.ts";
import type { CorsSettings } from "./cors.ts";

const originForm =
  "must be * or origins with commas between, as https://app.example.org: no path, no slash at the end";

/** Settings of CORS. */
export const corsEnv = {
  CORS_ALLOWED_ORIGINS: z
    .string()
    .default("")
    .transform((text) => text.split(",").map((one) => one.trim()))
    .transform((origins) => origins.filter((one) => one !== ""))
    .refine((origins) => origins.every(isOrigin) || isAny(origins), originForm)
    .transform((origins) => (isAny(origins) ? ("*" as const) : origins)),
  CORS_ALLOW_CREDENTIALS: z
    .enum(["true", "false"], "must be true or false")
    .default("false")
    .transform((text) => text === "true"),
  CORS_MAX_AGE: z
    .string()
    .regex(/^\d{1,5}$/, "must be a number of seconds, up to 99999")
    .default("7200")
    .transform(Number),
};

const isAny = (origins: readonly string[]): boolean => origins.length === 1 && origins[0] === "*";

const isOrigin = (text: string): boolean =>
  /^https?:\/\/[a-z0-9.:[\]-]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;

/** Problems of settings that contradict each other. */
export function corsProblems(set: Env): string[] {
  const isOpen = set.CORS_ALLOWED_ORIGINS?.trim() === "*" && set.CORS_ALLOW_CREDENTIALS === "true";
  return isOpen ? ["CORS_ALLOW_CREDENTIALS: can't be true where CORS_ALLOWED_ORIGINS is *"] : [];
}

/** Undefined where CORS is off. */
export function corsOf(settings: z.output<z.ZodObject<typeof corsEnv>>): CorsSettings | undefined {
  const { CORS_ALLOWED_ORIGINS: allowedOrigins } = settings;
  if (allowedOrigins.length === 0) return undefined;
  return {
    allowedOrigins,
    allowCredentials: settings.CORS_ALLOW_CREDENTIALS,
    maxAgeSeconds: settings.CORS_MAX_AGE,
  };
}

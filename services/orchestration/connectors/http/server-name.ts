import type { HttpResponse } from "./send-request.ts";

const charactersMax = 100;

/** What a server calls itself, for people. */
export const serverNameOf = ({ headers }: HttpResponse): string =>
  String(headers.server ?? "")
    .replace(/[^\x20-\x7e]/g, "")
    .slice(0, charactersMax);

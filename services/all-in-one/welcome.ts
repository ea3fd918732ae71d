import type { Started } from "./run.ts";

/** Text that `npm start` prints once the mesh accepts calls. */
export function welcome({ url, administrator }: Started, email: string): string {
  const password = administrator?.password ?? "<password>";
  const credentials = JSON.stringify({ email, password });
  const readToken = `node -pe 'JSON.parse(require("fs").readFileSync(0)).accessToken'`;
  return [
    "",
    `Sluice is ready at ${url}`,
    administrator
      ? `Administrator: ${email}, password ${password} (shown this once: keep it)`
      : `Administrator: ${email}, with the password of the first start or BOOTSTRAP_ADMIN_PASSWORD`,
    "",
    "With the command line, in this folder: npx sluice login, then npx sluice --help. Without it, paste, to log in, to store",
    "a file and to list what is stored:",
    `  TOKEN=$(curl -s ${url}/api/v1/auth/token -d '${credentials}' -H 'content-type: application/json' | ${readToken})`,
    `  curl -s ${url}/api/v1/storage/files -H "authorization: Bearer $TOKEN" -F file=@README.md`,
    `  curl -s ${url}/api/v1/storage/files -H "authorization: Bearer $TOKEN"`,
    "",
  ].join("\n");
}

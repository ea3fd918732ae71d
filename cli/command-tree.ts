import type { LazyCommand } from "./command/command.ts";

/** All commands, in the order of the help. */
export const commandTree: readonly LazyCommand[] = [
  {
    name: "login",
    summary: "log in at a server",
    load: async () => (await import("./commands/login.ts")).login,
  },
  {
    name: "logout",
    summary: "end the login",
    load: async () => (await import("./commands/logout.ts")).logout,
  },
  {
    name: "whoami",
    summary: "show who you are",
    load: async () => (await import("./commands/whoami.ts")).whoami,
  },
  {
    name: "contexts",
    summary: "the servers that you know",
    load: async () => (await import("./commands/contexts.ts")).contexts,
  },
  { name: "files", summary: "stored files", load: async () => (await import("./commands/files.ts")).files },
  {
    name: "sources",
    summary: "data sources",
    load: async () => (await import("./commands/sources.ts")).sources,
  },
  {
    name: "preview",
    summary: "show how a source is read, and its first rows",
    load: async () => (await import("./commands/preview.ts")).preview,
  },
  {
    name: "discover",
    summary: "read the tables of a source into the catalog",
    load: async () => (await import("./commands/discover.ts")).discover,
  },
  {
    name: "tables",
    summary: "the tables of the catalog",
    load: async () => (await import("./commands/tables.ts")).tables,
  },
  {
    name: "catalog",
    summary: "search tables and columns of all sources",
    load: async () => (await import("./commands/catalog.ts")).catalog,
  },
  {
    name: "query",
    summary: "query a source, or several, with SQL",
    load: async () => (await import("./commands/query.ts")).query,
  },
  {
    name: "plan",
    summary: "show what a statement would read",
    load: async () => (await import("./commands/plan.ts")).plan,
  },
  {
    name: "stage",
    summary: "stage tables to files",
    load: async () => (await import("./commands/stage.ts")).stage,
  },
  { name: "jobs", summary: "staging jobs", load: async () => (await import("./commands/jobs.ts")).jobs },
  {
    name: "chunks",
    summary: "the files of a staging job",
    load: async () => (await import("./commands/chunks.ts")).chunks,
  },
  {
    name: "projects",
    summary: "releases and their review",
    load: async () => (await import("./commands/projects.ts")).projects,
  },
  {
    name: "models",
    summary: "models and their versions",
    load: async () => (await import("./commands/models.ts")).models,
  },
  {
    name: "lineage",
    summary: "where data come from and go to",
    load: async () => (await import("./commands/lineage.ts")).lineage,
  },
  {
    name: "audit",
    summary: "what happened, and the proof of it",
    load: async () => (await import("./commands/audit.ts")).audit,
  },
  {
    name: "users",
    summary: "users of your organisation",
    load: async () => (await import("./commands/users.ts")).users,
  },
  {
    name: "password",
    summary: "your password",
    load: async () => (await import("./commands/password.ts")).password,
  },
  { name: "keys", summary: "your API keys", load: async () => (await import("./commands/keys.ts")).keys },
  {
    name: "grants",
    summary: "roles of users, keys and groups",
    load: async () => (await import("./commands/grants.ts")).grants,
  },
  {
    name: "namespaces",
    summary: "parts of your organisation with rights of their own",
    load: async () => (await import("./commands/namespaces.ts")).namespaces,
  },
  {
    name: "access",
    summary: "who may do what, and why",
    load: async () => (await import("./commands/access.ts")).access,
  },
  {
    name: "secrets",
    summary: "credentials of data sources",
    load: async () => (await import("./commands/secrets.ts")).secrets,
  },
  { name: "orgs", summary: "organisations", load: async () => (await import("./commands/orgs.ts")).orgs },
  {
    name: "quota",
    summary: "storage that is used and left",
    load: async () => (await import("./commands/quota.ts")).quota,
  },
  {
    name: "lifecycle",
    summary: "rules by which files expire or become cold",
    load: async () => (await import("./commands/lifecycle.ts")).lifecycle,
  },
  {
    name: "policies",
    summary: "what may be uploaded, and how long removed files are kept",
    load: async () => (await import("./commands/policies.ts")).policies,
  },
  {
    name: "scrubs",
    summary: "checks of all stored content",
    load: async () => (await import("./commands/scrubs.ts")).scrubs,
  },
  {
    name: "serve",
    summary: "start a server here",
    load: async () => (await import("./commands/serve.ts")).serve,
  },
  {
    name: "completion",
    summary: "completion for your shell",
    load: async () => (await import("./commands/completion.ts")).completion,
  },
];

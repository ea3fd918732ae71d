/**
 * Parts of CDAP that Sluice does not serve, by the paths that they have below `/v3` or below a namespace. `none` are those
 * that Sluice has no counterpart of; `later` are those that will be served with the catalog.
 * @internal Exported for the test that compares docs/compat.md.
 */
export const cdapFeatures: Readonly<Record<"none" | "later", readonly string[]>> = {
  none: [
    "appdetail",
    "apps",
    "artifactproperties",
    "artifacts",
    "audit",
    "configuration",
    "credentials",
    "data",
    "dashboard",
    "extensions",
    "feeds",
    "logs",
    "metrics",
    "nextruntime",
    "operations",
    "previews",
    "previousruntime",
    "profiles",
    "provisionedprofiles",
    "provisioners",
    "repository",
    "restart",
    "schedules",
    "security",
    "securekeys",
    "sourcecontrol",
    "transactions",
    "triggers",
    "upgrade",
    "workflows",
  ],
  later: ["datasets", "lineage", "metadata", "system"],
};

const features = new Set([...cdapFeatures.none, ...cdapFeatures.later]);

/** The part that a path without its query belongs to; undefined if Sluice serves it, or CDAP doesn't. */
export function cdapFeatureOf(path: string): string | undefined {
  const [, version, first = "", , inNamespace = ""] = path.split("/");
  const name = first === "namespaces" ? inNamespace : first;
  return version === "v3" && features.has(name) ? name : undefined;
}

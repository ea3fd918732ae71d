ALTER TABLE "identity"."api_keys" ADD CONSTRAINT "api_keys_org_unique" UNIQUE("org_id","api_key_id");--> statement-breakpoint
CREATE TABLE "identity"."grants" (
	"grant_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"user_id" uuid,
	"api_key_id" uuid,
	"group_name" text,
	"role" text NOT NULL,
	"namespace" text,
	"creator_user_id" uuid,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "grants_unique" UNIQUE NULLS NOT DISTINCT("org_id","user_id","api_key_id","group_name","namespace","role"),
	CONSTRAINT "grants_one_grantee" CHECK (num_nonnulls(user_id, api_key_id, group_name) = 1),
	CONSTRAINT "grants_role_known" CHECK (role in ('viewer', 'editor', 'approver', 'admin', 'platform-admin'))
);
--> statement-breakpoint
CREATE TABLE "identity"."namespaces" (
	"org_id" uuid NOT NULL,
	"name" text NOT NULL,
	"display_name" text DEFAULT '' NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"properties" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"preferences" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"state" text DEFAULT 'active' NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "namespaces_name_unique" PRIMARY KEY("org_id","name"),
	CONSTRAINT "namespaces_name_form" CHECK ("identity"."namespaces"."name" ~ '^[A-Za-z0-9_-]+$' and length("identity"."namespaces"."name") <= 256),
	CONSTRAINT "namespaces_state_known" CHECK ("identity"."namespaces"."state" in ('active', 'deleting')),
	CONSTRAINT "namespaces_default_stays" CHECK ("identity"."namespaces"."name" <> 'default' or "identity"."namespaces"."state" = 'active')
);
--> statement-breakpoint
ALTER TABLE "identity"."orgs" ADD COLUMN "preferences" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "identity"."users" ADD COLUMN "groups" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "identity"."grants" ADD CONSTRAINT "grants_user_exists" FOREIGN KEY ("org_id","user_id") REFERENCES "identity"."users"("org_id","user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."grants" ADD CONSTRAINT "grants_api_key_exists" FOREIGN KEY ("org_id","api_key_id") REFERENCES "identity"."api_keys"("org_id","api_key_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."grants" ADD CONSTRAINT "grants_namespace_exists" FOREIGN KEY ("org_id","namespace") REFERENCES "identity"."namespaces"("org_id","name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity"."namespaces" ADD CONSTRAINT "namespaces_org_exists" FOREIGN KEY ("org_id") REFERENCES "identity"."orgs"("org_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "grants_org" ON "identity"."grants" USING btree ("org_id","grant_id");--> statement-breakpoint
CREATE INDEX "grants_user" ON "identity"."grants" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "grants_api_key" ON "identity"."grants" USING btree ("api_key_id");--> statement-breakpoint
CREATE INDEX "grants_group" ON "identity"."grants" USING btree ("org_id","group_name");--> statement-breakpoint
INSERT INTO "identity"."namespaces" ("org_id", "name") SELECT "org_id", 'default' FROM "identity"."orgs";
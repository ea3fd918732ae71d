CREATE SCHEMA "approval";
--> statement-breakpoint
CREATE TABLE "approval"."projects" (
	"project_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"display_name" text NOT NULL,
	"source_id" uuid NOT NULL,
	"tables" jsonb NOT NULL,
	"destination" jsonb NOT NULL,
	"state" text DEFAULT 'draft' NOT NULL,
	"creator_user_id" uuid NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "projects_display_name_unique" UNIQUE("org_id","display_name"),
	CONSTRAINT "projects_state_known" CHECK (state in ('draft'))
);
--> statement-breakpoint
CREATE TABLE "approval"."requests" (
	"org_id" uuid NOT NULL,
	"method" text NOT NULL,
	"request_id" uuid NOT NULL,
	"request_sha256" "bytea" NOT NULL,
	"response" "bytea",
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "requests_org_id_method_request_id_pk" PRIMARY KEY("org_id","method","request_id")
);
--> statement-breakpoint
CREATE INDEX "projects_page" ON "approval"."projects" USING btree ("org_id","project_id");
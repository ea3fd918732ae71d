CREATE SCHEMA "orchestration";
--> statement-breakpoint
CREATE TYPE "orchestration"."execution_state" AS ENUM('running', 'succeeded', 'failed', 'cancelled');--> statement-breakpoint
CREATE TABLE "orchestration"."executions" (
	"execution_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"sql" text NOT NULL,
	"state" "orchestration"."execution_state" DEFAULT 'running' NOT NULL,
	"error_message" text DEFAULT '' NOT NULL,
	"row_count" bigint DEFAULT 0 NOT NULL,
	"truncated" boolean DEFAULT false NOT NULL,
	"creator_user_id" uuid NOT NULL,
	"process_id" uuid NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"end_time" timestamp with time zone,
	CONSTRAINT "executions_end_time" CHECK (("orchestration"."executions"."state" = 'running') = ("orchestration"."executions"."end_time" is null)),
	CONSTRAINT "executions_error_message" CHECK (("orchestration"."executions"."state" in ('failed', 'cancelled')) = ("orchestration"."executions"."error_message" <> '')),
	CONSTRAINT "executions_result" CHECK ("orchestration"."executions"."state" = 'succeeded' or ("orchestration"."executions"."row_count" = 0 and not "orchestration"."executions"."truncated"))
);
--> statement-breakpoint
CREATE TABLE "orchestration"."requests" (
	"org_id" uuid NOT NULL,
	"method" text NOT NULL,
	"request_id" uuid NOT NULL,
	"request_sha256" "bytea" NOT NULL,
	"response" "bytea",
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "requests_org_id_method_request_id_pk" PRIMARY KEY("org_id","method","request_id")
);
--> statement-breakpoint
CREATE TABLE "orchestration"."sources" (
	"source_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"display_name" text NOT NULL,
	"connector" text NOT NULL,
	"settings" jsonb NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "sources_display_name" UNIQUE("org_id","display_name"),
	CONSTRAINT "sources_display_name_length" CHECK (char_length("orchestration"."sources"."display_name") between 1 and 200),
	CONSTRAINT "sources_revision" CHECK ("orchestration"."sources"."revision" >= 1)
);
--> statement-breakpoint
CREATE TABLE "orchestration"."tables" (
	"table_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"schema_name" text NOT NULL,
	"name" text NOT NULL,
	"columns" jsonb NOT NULL,
	"row_count" bigint,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tables_name" UNIQUE("source_id","schema_name","name"),
	CONSTRAINT "tables_row_count" CHECK ("orchestration"."tables"."row_count" >= 0)
);
--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD CONSTRAINT "tables_source_id_sources_source_id_fk" FOREIGN KEY ("source_id") REFERENCES "orchestration"."sources"("source_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "executions_org" ON "orchestration"."executions" USING btree ("org_id","execution_id");--> statement-breakpoint
CREATE INDEX "executions_running" ON "orchestration"."executions" USING btree ("process_id") WHERE "orchestration"."executions"."state" = 'running';--> statement-breakpoint
CREATE INDEX "sources_org" ON "orchestration"."sources" USING btree ("org_id","source_id");--> statement-breakpoint
CREATE INDEX "tables_org" ON "orchestration"."tables" USING btree ("org_id","table_id");
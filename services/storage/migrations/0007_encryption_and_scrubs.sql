CREATE TABLE "storage"."org_keys" (
	"key_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"master_key_id" text NOT NULL,
	"first_master_key_id" text NOT NULL,
	"wrapped" text NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "storage"."plain_content" (
	"only_row" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"org_id" uuid,
	"sha256" text,
	"end_time" timestamp with time zone,
	CONSTRAINT "plain_content_only_row" CHECK (only_row = 1)
);
--> statement-breakpoint
CREATE TABLE "storage"."scrub_findings" (
	"finding_id" uuid PRIMARY KEY NOT NULL,
	"scrub_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"org_id" uuid NOT NULL,
	"sha256" text NOT NULL,
	"file_ids" uuid[] NOT NULL,
	"file_count" bigint DEFAULT 0 NOT NULL,
	"repaired" boolean NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "scrub_findings_once" UNIQUE("scrub_id","org_id","sha256"),
	CONSTRAINT "scrub_findings_kind_known" CHECK (kind in ('corrupt', 'wrong_size', 'missing', 'unknown'))
);
--> statement-breakpoint
CREATE TABLE "storage"."scrubs" (
	"scrub_id" uuid PRIMARY KEY NOT NULL,
	"state" text DEFAULT 'running' NOT NULL,
	"scheduled" boolean NOT NULL,
	"creator_user_id" uuid,
	"bytes_per_second" bigint NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"end_time" timestamp with time zone,
	"object_count" bigint DEFAULT 0 NOT NULL,
	"read_bytes" bigint DEFAULT 0 NOT NULL,
	"org_id" uuid,
	"sha256" text,
	"attempt_id" uuid,
	"heartbeat_time" timestamp with time zone,
	CONSTRAINT "scrubs_state_known" CHECK (state in ('running', 'completed'))
);
--> statement-breakpoint
ALTER TABLE "storage"."blobs" ADD COLUMN "found_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "storage"."scrub_findings" ADD CONSTRAINT "scrub_findings_scrub_id_scrubs_scrub_id_fk" FOREIGN KEY ("scrub_id") REFERENCES "storage"."scrubs"("scrub_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "org_keys_org_id" ON "storage"."org_keys" USING btree ("org_id","create_time");--> statement-breakpoint
CREATE INDEX "org_keys_master_key_id" ON "storage"."org_keys" USING btree ("master_key_id");--> statement-breakpoint
CREATE INDEX "scrub_findings_create_time" ON "storage"."scrub_findings" USING btree ("scrub_id","create_time","finding_id");--> statement-breakpoint
CREATE UNIQUE INDEX "scrubs_one_running" ON "storage"."scrubs" USING btree ("state") WHERE state = 'running';--> statement-breakpoint
CREATE INDEX "scrubs_create_time" ON "storage"."scrubs" USING btree ("create_time","scrub_id");
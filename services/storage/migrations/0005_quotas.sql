CREATE TABLE "storage"."namespace_quotas" (
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"limit_bytes" bigint,
	"limit_files" bigint,
	"warn_bytes" bigint,
	"warn_files" bigint,
	"used_bytes" bigint DEFAULT 0 NOT NULL,
	"reserved_bytes" bigint DEFAULT 0 NOT NULL,
	"file_count" bigint DEFAULT 0 NOT NULL,
	"reserved_files" bigint DEFAULT 0 NOT NULL,
	"drift_bytes" bigint DEFAULT 0 NOT NULL,
	"drift_files" bigint DEFAULT 0 NOT NULL,
	"recount_time" timestamp with time zone,
	"update_time" timestamp with time zone,
	"revision" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "namespace_quotas_key" PRIMARY KEY("org_id","namespace"),
	CONSTRAINT "namespace_quotas_limit_bytes_not_negative" CHECK (limit_bytes >= 0),
	CONSTRAINT "namespace_quotas_limit_files_not_negative" CHECK (limit_files >= 0),
	CONSTRAINT "namespace_quotas_warn_bytes_not_negative" CHECK (warn_bytes >= 0),
	CONSTRAINT "namespace_quotas_warn_files_not_negative" CHECK (warn_files >= 0),
	CONSTRAINT "namespace_quotas_used_bytes_not_negative" CHECK (used_bytes >= 0),
	CONSTRAINT "namespace_quotas_reserved_bytes_not_negative" CHECK (reserved_bytes >= 0),
	CONSTRAINT "namespace_quotas_file_count_not_negative" CHECK (file_count >= 0),
	CONSTRAINT "namespace_quotas_reserved_files_not_negative" CHECK (reserved_files >= 0)
);
--> statement-breakpoint
CREATE TABLE "storage"."quota_events" (
	"event_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"kind" text NOT NULL,
	"used_bytes" bigint NOT NULL,
	"used_files" bigint NOT NULL,
	"reserved_bytes" bigint NOT NULL,
	"reserved_files" bigint NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"report_time" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "storage"."schedules" (
	"name" text PRIMARY KEY NOT NULL,
	"next_time" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "storage"."quotas" ADD COLUMN "limit_files" bigint;--> statement-breakpoint
ALTER TABLE "storage"."quotas" ADD COLUMN "warn_bytes" bigint;--> statement-breakpoint
ALTER TABLE "storage"."quotas" ADD COLUMN "warn_files" bigint;--> statement-breakpoint
ALTER TABLE "storage"."quotas" ADD COLUMN "reserved_files" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."quotas" ADD COLUMN "drift_bytes" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."quotas" ADD COLUMN "drift_files" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."quotas" ADD COLUMN "recount_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "storage"."reservations" ADD COLUMN "namespace" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."reservations" ADD COLUMN "reserved_files" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."reservations" ADD COLUMN "covered_bytes" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "quota_events_create_time" ON "storage"."quota_events" USING btree ("org_id","create_time","event_id");--> statement-breakpoint
CREATE INDEX "quota_events_unreported" ON "storage"."quota_events" USING btree ("event_id") WHERE report_time is null;--> statement-breakpoint
CREATE INDEX "reservations_org_id" ON "storage"."reservations" USING btree ("org_id");--> statement-breakpoint
ALTER TABLE "storage"."quotas" ADD CONSTRAINT "quotas_limit_files_not_negative" CHECK (limit_files >= 0);--> statement-breakpoint
ALTER TABLE "storage"."quotas" ADD CONSTRAINT "quotas_warn_bytes_not_negative" CHECK (warn_bytes >= 0);--> statement-breakpoint
ALTER TABLE "storage"."quotas" ADD CONSTRAINT "quotas_warn_files_not_negative" CHECK (warn_files >= 0);--> statement-breakpoint
ALTER TABLE "storage"."quotas" ADD CONSTRAINT "quotas_reserved_files_not_negative" CHECK (reserved_files >= 0);--> statement-breakpoint
ALTER TABLE "storage"."reservations" ADD CONSTRAINT "reservations_reserved_files_not_negative" CHECK (reserved_files >= 0);--> statement-breakpoint
ALTER TABLE "storage"."reservations" ADD CONSTRAINT "reservations_covered" CHECK (covered_bytes <= reserved_bytes);--> statement-breakpoint
UPDATE "storage"."reservations" SET "covered_bytes" = "reserved_bytes";--> statement-breakpoint
INSERT INTO "storage"."namespace_quotas" ("org_id", "namespace", "used_bytes", "file_count")
SELECT "org_id", "namespace", sum("size_bytes"), count(*) FROM "storage"."files" GROUP BY "org_id", "namespace";--> statement-breakpoint
INSERT INTO "storage"."namespace_quotas" ("org_id", "namespace", "reserved_bytes")
SELECT "org_id", "namespace", sum("reserved_bytes") FROM "storage"."reservations" GROUP BY "org_id", "namespace"
ON CONFLICT ("org_id", "namespace") DO UPDATE SET "reserved_bytes" = excluded."reserved_bytes";

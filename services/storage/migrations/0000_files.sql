CREATE SCHEMA "storage";
--> statement-breakpoint
CREATE TABLE "storage"."blobs" (
	"sha256" text PRIMARY KEY NOT NULL,
	"touch_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "blobs_sha256_form" CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
CREATE TABLE "storage"."files" (
	"file_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"name" text NOT NULL,
	"content_type" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"sha256" text NOT NULL,
	"creator_user_id" uuid NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "files_size_bytes_not_negative" CHECK (size_bytes >= 0)
);
--> statement-breakpoint
CREATE TABLE "storage"."quotas" (
	"org_id" uuid PRIMARY KEY NOT NULL,
	"limit_bytes" bigint NOT NULL,
	"used_bytes" bigint DEFAULT 0 NOT NULL,
	"reserved_bytes" bigint DEFAULT 0 NOT NULL,
	"file_count" bigint DEFAULT 0 NOT NULL,
	"update_time" timestamp with time zone,
	"revision" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "quotas_limit_bytes_not_negative" CHECK (limit_bytes >= 0),
	CONSTRAINT "quotas_used_bytes_not_negative" CHECK (used_bytes >= 0),
	CONSTRAINT "quotas_reserved_bytes_not_negative" CHECK (reserved_bytes >= 0),
	CONSTRAINT "quotas_file_count_not_negative" CHECK (file_count >= 0)
);
--> statement-breakpoint
CREATE TABLE "storage"."requests" (
	"org_id" uuid NOT NULL,
	"method" text NOT NULL,
	"request_id" uuid NOT NULL,
	"request_sha256" "bytea" NOT NULL,
	"response" "bytea",
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "requests_org_id_method_request_id_pk" PRIMARY KEY("org_id","method","request_id")
);
--> statement-breakpoint
CREATE TABLE "storage"."reservations" (
	"reservation_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"reserved_bytes" bigint DEFAULT 0 NOT NULL,
	"heartbeat_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reservations_reserved_bytes_not_negative" CHECK (reserved_bytes >= 0)
);
--> statement-breakpoint
ALTER TABLE "storage"."files" ADD CONSTRAINT "files_sha256_blobs_sha256_fk" FOREIGN KEY ("sha256") REFERENCES "storage"."blobs"("sha256") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "blobs_touch_time" ON "storage"."blobs" USING btree ("touch_time");--> statement-breakpoint
CREATE INDEX "files_org_id" ON "storage"."files" USING btree ("org_id","file_id");--> statement-breakpoint
CREATE INDEX "files_sha256" ON "storage"."files" USING btree ("sha256");--> statement-breakpoint
CREATE INDEX "reservations_heartbeat_time" ON "storage"."reservations" USING btree ("heartbeat_time");
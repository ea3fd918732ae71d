CREATE TABLE "storage"."upload_policies" (
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"allowed_types" text[] NOT NULL,
	"file_bytes_max" bigint NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "upload_policies_org_id_namespace_pk" PRIMARY KEY("org_id","namespace"),
	CONSTRAINT "upload_policies_file_bytes_max_not_negative" CHECK (file_bytes_max >= 0)
);--> statement-breakpoint
CREATE TABLE "storage"."resumable_parts" (
	"upload_id" uuid NOT NULL,
	"start_bytes" bigint NOT NULL,
	"size_bytes" bigint NOT NULL,
	"org_id" uuid NOT NULL,
	"sha256" text NOT NULL,
	CONSTRAINT "resumable_parts_upload_id_start_bytes_pk" PRIMARY KEY("upload_id","start_bytes"),
	CONSTRAINT "resumable_parts_size_bytes_positive" CHECK (size_bytes > 0)
);--> statement-breakpoint
CREATE TABLE "storage"."resumable_uploads" (
	"upload_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"creator_user_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"name" text NOT NULL,
	"content_type" text NOT NULL,
	"metadata" text NOT NULL,
	"concatenation" text DEFAULT '' NOT NULL,
	"sha256" text,
	"length_bytes" bigint,
	"offset_bytes" bigint DEFAULT 0 NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"expire_time" timestamp with time zone NOT NULL,
	CONSTRAINT "resumable_uploads_kind" CHECK (kind in ('whole', 'partial', 'concatenated')),
	CONSTRAINT "resumable_uploads_state" CHECK (state in ('open', 'finished', 'gone')),
	CONSTRAINT "resumable_uploads_offset_fits" CHECK (offset_bytes >= 0 and (length_bytes is null or offset_bytes <= length_bytes))
);--> statement-breakpoint
DROP INDEX "storage"."files_name";--> statement-breakpoint
DROP INDEX "storage"."files_name_search";--> statement-breakpoint
ALTER TABLE "storage"."files" drop column "full_name";--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "full_name" text GENERATED ALWAYS AS (normalize(folder || name)) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "name_key" text GENERATED ALWAYS AS (normalize(name)) STORED;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "detected_content_type" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."resumable_parts" ADD CONSTRAINT "resumable_parts_upload_id_resumable_uploads_upload_id_fk" FOREIGN KEY ("upload_id") REFERENCES "storage"."resumable_uploads"("upload_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storage"."resumable_parts" ADD CONSTRAINT "resumable_parts_blob_fk" FOREIGN KEY ("org_id","sha256") REFERENCES "storage"."blobs"("org_id","sha256") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "resumable_parts_sha256" ON "storage"."resumable_parts" USING btree ("org_id","sha256");--> statement-breakpoint
CREATE INDEX "resumable_uploads_create_time" ON "storage"."resumable_uploads" USING btree ("org_id","create_time","upload_id");--> statement-breakpoint
CREATE INDEX "resumable_uploads_open" ON "storage"."resumable_uploads" USING btree ("org_id","namespace") WHERE state = 'open';--> statement-breakpoint
CREATE INDEX "resumable_uploads_expire_time" ON "storage"."resumable_uploads" USING btree ("expire_time");--> statement-breakpoint
CREATE INDEX "files_name" ON "storage"."files" USING btree ("org_id","category","name_key" collate "C","file_id") WHERE delete_time is null;--> statement-breakpoint
CREATE INDEX "files_name_search" ON "storage"."files" USING gin (lower("name_key") public.gin_trgm_ops) WHERE category = 'upload' and delete_time is null;--> statement-breakpoint
CREATE INDEX "files_full_name" ON "storage"."files" USING btree ("org_id","category","full_name" collate "C","file_id") WHERE delete_time is null;--> statement-breakpoint
CREATE INDEX "files_namespace_full_name" ON "storage"."files" USING btree ("org_id","category","namespace","full_name" collate "C","file_id") WHERE delete_time is null;--> statement-breakpoint
CREATE INDEX "files_trash_full_name" ON "storage"."files" USING btree ("org_id","category","full_name" collate "C","file_id") WHERE delete_time is not null;--> statement-breakpoint
CREATE INDEX "files_trash_namespace_full_name" ON "storage"."files" USING btree ("org_id","category","namespace","full_name" collate "C","file_id") WHERE delete_time is not null;
CREATE TABLE "storage"."trash_policies" (
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"undelete_window_ms" bigint NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "trash_policies_org_id_namespace_pk" PRIMARY KEY("org_id","namespace"),
	CONSTRAINT "trash_policies_undelete_window_ms_not_negative" CHECK (undelete_window_ms >= 0)
);
--> statement-breakpoint
CREATE TABLE "storage"."file_versions" (
	"file_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"org_id" uuid NOT NULL,
	"content_type" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"sha256" text NOT NULL,
	"creator_user_id" uuid NOT NULL,
	"create_time" timestamp with time zone NOT NULL,
	CONSTRAINT "file_versions_file_id_version_pk" PRIMARY KEY("file_id","version"),
	CONSTRAINT "file_versions_size_bytes_not_negative" CHECK (size_bytes >= 0)
);
--> statement-breakpoint
DROP INDEX "storage"."files_create_time";--> statement-breakpoint
DROP INDEX "storage"."files_namespace";--> statement-breakpoint
DROP INDEX "storage"."files_name";--> statement-breakpoint
DROP INDEX "storage"."files_size_bytes";--> statement-breakpoint
DROP INDEX "storage"."files_name_search";--> statement-breakpoint
DROP INDEX "storage"."files_owner_id";--> statement-breakpoint
DROP INDEX "storage"."files_release_id";--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "folder" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "full_name" text GENERATED ALWAYS AS (folder || name) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "kind" text DEFAULT 'general' NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "object_name" text;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "tags" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "properties" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "content_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "content_user_id" uuid;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "delete_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "purge_time" timestamp with time zone;--> statement-breakpoint
-- Uploads of before get the names that they would have had, from the times and the ends of the ids that they have.
UPDATE "storage"."files" SET "object_name" = 'organizations/' || org_id || '/files/' || creator_user_id || '/'
	|| coalesce(substring(name from '^(.*[^.].*)\.[^.]*$'), name) || '_'
	|| to_char(create_time at time zone 'UTC', 'YYYYMMDD_HH24MISS') || '_' || right(file_id::text, 8)
	|| coalesce(substring(name from '^.*[^.].*(\.[^.]*)$'), '')
	WHERE category = 'upload';
--> statement-breakpoint
ALTER TABLE "storage"."file_versions" ADD CONSTRAINT "file_versions_file_id_files_file_id_fk" FOREIGN KEY ("file_id") REFERENCES "storage"."files"("file_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storage"."file_versions" ADD CONSTRAINT "file_versions_blob_fk" FOREIGN KEY ("org_id","sha256") REFERENCES "storage"."blobs"("org_id","sha256") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "file_versions_create_time" ON "storage"."file_versions" USING btree ("file_id","create_time","version");--> statement-breakpoint
CREATE INDEX "file_versions_sha256" ON "storage"."file_versions" USING btree ("org_id","sha256");--> statement-breakpoint
CREATE UNIQUE INDEX "files_object_name" ON "storage"."files" USING btree ("org_id","object_name" collate "C");--> statement-breakpoint
CREATE INDEX "files_full_name" ON "storage"."files" USING btree ("org_id","category","full_name" collate "C","file_id") WHERE delete_time is null;--> statement-breakpoint
CREATE INDEX "files_namespace_full_name" ON "storage"."files" USING btree ("org_id","category","namespace","full_name" collate "C","file_id") WHERE delete_time is null;--> statement-breakpoint
CREATE INDEX "files_folder" ON "storage"."files" USING btree ("org_id","category","folder" collate "C","create_time","file_id") WHERE delete_time is null and folder <> '';--> statement-breakpoint
CREATE INDEX "files_kind" ON "storage"."files" USING btree ("org_id","kind","create_time","file_id") WHERE delete_time is null and kind <> 'general';--> statement-breakpoint
CREATE INDEX "files_tags" ON "storage"."files" USING gin ("tags") WHERE tags <> '{}';--> statement-breakpoint
CREATE INDEX "files_properties" ON "storage"."files" USING gin ("properties") WHERE properties <> '{}';--> statement-breakpoint
CREATE INDEX "files_trash_create_time" ON "storage"."files" USING btree ("org_id","category","create_time","file_id") WHERE delete_time is not null;--> statement-breakpoint
CREATE INDEX "files_trash_namespace" ON "storage"."files" USING btree ("org_id","category","namespace","create_time","file_id") WHERE delete_time is not null;--> statement-breakpoint
CREATE INDEX "files_trash_full_name" ON "storage"."files" USING btree ("org_id","category","full_name" collate "C","file_id") WHERE delete_time is not null;--> statement-breakpoint
CREATE INDEX "files_trash_namespace_full_name" ON "storage"."files" USING btree ("org_id","category","namespace","full_name" collate "C","file_id") WHERE delete_time is not null;--> statement-breakpoint
CREATE INDEX "files_trash_size_bytes" ON "storage"."files" USING btree ("org_id","category","size_bytes","file_id") WHERE delete_time is not null;--> statement-breakpoint
CREATE INDEX "files_trash_purge_time" ON "storage"."files" USING btree ("purge_time") WHERE delete_time is not null;--> statement-breakpoint
CREATE INDEX "files_create_time" ON "storage"."files" USING btree ("org_id","category","create_time","file_id") WHERE delete_time is null;--> statement-breakpoint
CREATE INDEX "files_namespace" ON "storage"."files" USING btree ("org_id","category","namespace","create_time","file_id") WHERE delete_time is null;--> statement-breakpoint
CREATE INDEX "files_name" ON "storage"."files" USING btree ("org_id","category","name" collate "C","file_id") WHERE delete_time is null;--> statement-breakpoint
CREATE INDEX "files_size_bytes" ON "storage"."files" USING btree ("org_id","category","size_bytes","file_id") WHERE delete_time is null;--> statement-breakpoint
CREATE INDEX "files_name_search" ON "storage"."files" USING gin (lower("name") public.gin_trgm_ops) WHERE category = 'upload' and delete_time is null;--> statement-breakpoint
CREATE INDEX "files_owner_id" ON "storage"."files" USING btree ("org_id","owner_id") WHERE owner_id is not null;--> statement-breakpoint
CREATE INDEX "files_release_id" ON "storage"."files" USING btree ("org_id","release_id") WHERE release_id is not null;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD CONSTRAINT "files_upload_fits" CHECK (kind in ('data_source', 'profile_image', 'general') and (delete_time is null) = (purge_time is null) and (category = 'upload' or num_nonnulls(object_name, content_time, content_user_id, delete_time) = 0));
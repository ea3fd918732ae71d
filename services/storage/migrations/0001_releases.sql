CREATE TABLE "storage"."releases" (
	"org_id" uuid NOT NULL,
	"release_id" uuid NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "releases_org_id_release_id_pk" PRIMARY KEY("org_id","release_id")
);
--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "category" text DEFAULT 'upload' NOT NULL;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "owner_id" uuid;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "release_id" uuid;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "path" text;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD COLUMN "sha512" text;--> statement-breakpoint
ALTER TABLE "storage"."files" ADD CONSTRAINT "files_release_fk" FOREIGN KEY ("org_id","release_id") REFERENCES "storage"."releases"("org_id","release_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "files_owner_id" ON "storage"."files" USING btree ("org_id","owner_id");--> statement-breakpoint
CREATE INDEX "files_release_id" ON "storage"."files" USING btree ("org_id","release_id");--> statement-breakpoint
ALTER TABLE "storage"."files" ADD CONSTRAINT "files_path_unique" UNIQUE("org_id","path");--> statement-breakpoint
ALTER TABLE "storage"."files" ADD CONSTRAINT "files_category_fits" CHECK (category in ('upload', 'staging', 'release') and (category = 'staging') = (owner_id is not null) and num_nonnulls(release_id, path, sha512) = case category when 'release' then 3 else 0 end);--> statement-breakpoint
ALTER TABLE "storage"."files" ADD CONSTRAINT "files_sha512_form" CHECK (sha512 ~ '^[0-9a-f]{128}$');
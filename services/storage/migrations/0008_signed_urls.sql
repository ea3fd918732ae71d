CREATE TABLE "storage"."signed_url_generations" (
	"file_id" uuid PRIMARY KEY NOT NULL,
	"generation" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "storage"."signed_urls" (
	"url_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"operation" text NOT NULL,
	"file_id" uuid,
	"name" text,
	"content_type" text,
	"size_bytes_max" bigint,
	"creator_user_id" uuid NOT NULL,
	"api_key_id" uuid,
	"uses_max" integer,
	"use_count" integer DEFAULT 0 NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"expire_time" timestamp with time zone NOT NULL,
	"revoke_time" timestamp with time zone,
	CONSTRAINT "signed_urls_operation_fits" CHECK (operation in ('read', 'upload') and (operation = 'read') = (file_id is not null) and num_nonnulls(name, content_type, size_bytes_max) = case operation when 'upload' then 3 else 0 end),
	CONSTRAINT "signed_urls_uses_fit" CHECK (use_count >= 0 and use_count <= coalesce(uses_max, 0))
);
--> statement-breakpoint
ALTER TABLE "storage"."signed_url_generations" ADD CONSTRAINT "signed_url_generations_file_exists" FOREIGN KEY ("file_id") REFERENCES "storage"."files"("file_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storage"."signed_urls" ADD CONSTRAINT "signed_urls_file_exists" FOREIGN KEY ("file_id") REFERENCES "storage"."files"("file_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "signed_urls_create_time" ON "storage"."signed_urls" USING btree ("org_id","create_time","url_id");--> statement-breakpoint
CREATE INDEX "signed_urls_namespace" ON "storage"."signed_urls" USING btree ("org_id","namespace","create_time","url_id");--> statement-breakpoint
CREATE INDEX "signed_urls_file_id" ON "storage"."signed_urls" USING btree ("file_id");--> statement-breakpoint
CREATE INDEX "signed_urls_expire_time" ON "storage"."signed_urls" USING btree ("expire_time");
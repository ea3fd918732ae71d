CREATE UNLOGGED TABLE "storage"."cache_entries" (
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"key" text NOT NULL,
	"value" "bytea" NOT NULL,
	"size_bytes" integer NOT NULL,
	"etag" uuid NOT NULL,
	"expire_time" timestamp with time zone NOT NULL,
	"use_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cache_entries_key" PRIMARY KEY("org_id","namespace","key")
);
--> statement-breakpoint
CREATE UNLOGGED TABLE "storage"."cache_leases" (
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"key" text NOT NULL,
	"lease_id" uuid NOT NULL,
	"expire_time" timestamp with time zone NOT NULL,
	CONSTRAINT "cache_leases_key" PRIMARY KEY("org_id","namespace","key")
);
--> statement-breakpoint
CREATE UNLOGGED TABLE "storage"."cache_usage" (
	"org_id" uuid PRIMARY KEY NOT NULL,
	"used_bytes" bigint DEFAULT 0 NOT NULL,
	"entry_count" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "cache_usage_not_negative" CHECK (used_bytes >= 0 and entry_count >= 0)
);
--> statement-breakpoint
CREATE INDEX "cache_entries_prefix" ON "storage"."cache_entries" USING btree ("org_id","namespace","key" collate "C");--> statement-breakpoint
CREATE INDEX "cache_entries_use_time" ON "storage"."cache_entries" USING btree ("org_id","use_time");--> statement-breakpoint
CREATE INDEX "cache_entries_expire_time" ON "storage"."cache_entries" USING btree ("expire_time");--> statement-breakpoint
CREATE INDEX "cache_leases_expire_time" ON "storage"."cache_leases" USING btree ("expire_time");
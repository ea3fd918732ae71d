-- Emptying the table would shorten every chain, and fires no trigger of its rows.
CREATE TRIGGER "chains_not_truncated" BEFORE TRUNCATE ON "approval"."chains"
	FOR EACH STATEMENT EXECUTE FUNCTION "approval"."refuse_shorter_chain"();

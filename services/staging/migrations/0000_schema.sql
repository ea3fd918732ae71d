CREATE SCHEMA "staging";

#!/usr/bin/env bash
# The calls of the first journey with curl, over REST. Prints the result of each step as a line of JSON.
set -euo pipefail

# Evaluates an expression on a JSON response, `a`, and prints the result.
of() { node -e 'const a = JSON.parse(require("fs").readFileSync(0, "utf8")); console.log('"$1"')'; }
# Prints a step: its name, and its facts as an expression on the response.
show() { of 'JSON.stringify({ step: "'"$1"'", ...('"$2"') })'; }
json='content-type: application/json'

tokens=$(curl -sSf "$SLUICE_URL/api/v1/auth/token" -H "$json" \
  -d '{"email": "'"$SLUICE_EMAIL"'", "password": "'"$SLUICE_PASSWORD"'"}')
show 'log in' '{ tokenType: a.tokenType }' <<<"$tokens"
token=$(of a.accessToken <<<"$tokens")
sluice() { curl -sS -H "authorization: Bearer $token" "$@"; }
sluice -f "$SLUICE_URL/api/v1/auth/whoami" | show 'who am I' '{ roles: a.roles }'

file=$(sluice -f "$SLUICE_URL/api/v1/storage/files" -F "file=@$SLUICE_FILE")
show upload '(({ name, contentType, sizeBytes, sha256 }) => ({ name, contentType, sizeBytes: Number(sizeBytes), sha256 }))(a.file)' \
  <<<"$file"
file_id=$(of a.file.fileId <<<"$file")

source=$(sluice -f "$SLUICE_URL/api/v1/sources" -H "$json" -d '{"source": {"displayName": "'"$SLUICE_NAME"'", "connector": "file",
  "settings": {"fileId": "'"$file_id"'", "tableName": "weather"}}}')
show register '{ connector: a.source.connector, tableName: a.source.settings.tableName }' <<<"$source"
source_id=$(of a.source.sourceId <<<"$source")

sluice -f "$SLUICE_URL/api/v1/catalog:discover" -H "$json" -d '{"sourceId": "'"$source_id"'"}' |
  show discover '{ added: a.added.map(({ name }) => name) }'
columns() { echo "$1.map(({ name, dataType }) => name + \" \" + dataType)"; }
sluice -f "$SLUICE_URL/api/v1/catalog/tables?sourceId=$source_id" |
  show 'list tables' "{ columns: $(columns 'a.tables.flatMap((table) => table.columns)') }"

result=$(sluice -f "$SLUICE_URL/api/v1/execute" -H "$json" \
  -d '{"sourceId": "'"$source_id"'", "maxRows": 3, "sql": "'"$SLUICE_SQL"'"}')
show query "{ columns: $(columns a.columns), rows: a.rows, truncated: a.truncated }" <<<"$result"
sluice -f "$SLUICE_URL/api/v1/executions/$(of a.executionId <<<"$result")" |
  show 'read execution' '{ state: a.execution.state, rowCount: Number(a.execution.rowCount) }'
sluice "$SLUICE_URL/api/v1/execute" -H "$json" -d '{"sourceId": "'"$source_id"'", "sql": "DELETE FROM weather"}' |
  show 'refused query' '{ code: a.error.status, reason: a.error.details[0].reason }'

# Prints a step with a download's status, media type and hash.
download() {
  local step=$1 content head
  shift
  content=$(mktemp)
  head=$(sluice -o "$content" -w '{"status": %{http_code}, "contentType": "%{content_type}"}' \
    "$SLUICE_URL/api/v1/storage/files/$file_id/content" "$@")
  show "$step" "{ ...a, sha256: \"$(sha256sum "$content" | cut -d ' ' -f 1)\" }" <<<"$head"
  rm "$content"
}
download download
download 'download a range' -H 'range: bytes=0-48'

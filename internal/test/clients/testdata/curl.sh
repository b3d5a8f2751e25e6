#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# curl. usage: curl.sh story|myself|create, with JIRA_URL, JIRA_AUTH, JIRA_USER and JIRA_TOKEN.
set -euo pipefail

credential=(-H "Authorization: Bearer $JIRA_TOKEN")
[ "$JIRA_AUTH" = bearer ] || credential=(-u "$JIRA_USER:$JIRA_TOKEN")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# call METHOD PATH ARGUMENT... - keeps the body; a refusal ends the script, and is told as an error
call() {
  local method=$1 path=$2 status
  shift 2
  status=$(curl -sS -g -X "$method" "${credential[@]}" -o "$folder/body" -w '%{http_code}' "$@" "$JIRA_URL$path")
  [ "$status" -lt 300 ] || { echo "error $status $(cat "$folder/body")" && exit 0; }
}
field() { grep -o "\"$1\":\"[^\"]*\"" "$folder/body" | head -n 1 | cut -d '"' -f 4; }
json() { call "$1" "$2" -H 'Content-Type: application/json' -d "$3"; }
create() { json POST /rest/api/2/issue '{"fields":{"project":{"key":"DEMO"},"summary":"by curl","issuetype":{"name":"Task"}}}'; }

case $1 in
myself) call GET /rest/api/2/myself ;;
create) create ;;
story)
  call GET /rest/api/2/myself
  echo "myself $(field name)"
  call GET '/rest/api/2/search?jql=project=DEMO+AND+key="DEMO-1"&fields=summary,labels[0]'
  echo "search $(grep -o 'DEMO-1' "$folder/body" | head -n 1)"
  create
  key=$(field key)
  echo "create $key"
  json POST "/rest/api/2/issue/$key/comment" '{"body":"100% [a|b]; ü"}'
  echo "comment $(field body)"
  for _ in $(seq 10000); do printf 'hello '; done >"$folder/ü 100%[1].txt"
  call POST "/rest/api/2/issue/$key/attachments" -H 'X-Atlassian-Token: no-check' -F "file=@$folder/ü 100%[1].txt"
  echo "attach $(field filename)"
  content=$(field content)
  call GET "${content#"$JIRA_URL"}"
  if cmp -s "$folder/body" "$folder/ü 100%[1].txt"; then echo 'download True'; else echo 'download False'; fi
  ;;
esac

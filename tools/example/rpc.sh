#!/bin/bash
# rpc.sh: the RPC by hand: nngcat, openssl and a shell. Asks for a welcome, writes a draft, reads it back and shows the
# last events' first lines. core/wire/README.md says what the bytes are.
#
#   tools/example/rpc.sh tcp://127.0.0.1:PORT op_…
set -euo pipefail
url=${1:?usage: rpc.sh tcp://127.0.0.1:PORT KEY}
key=${2:?usage: rpc.sh tcp://127.0.0.1:PORT KEY}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tag_key=$(printf %s "$key" | openssl dgst -sha256 -r | cut -c1-64) # a secret as the key is
name=$(printf %s "$key" | openssl dgst -sha256 -binary | openssl dgst -sha256 -r | cut -c1-32) # may be seen
challenge=00000000000000000000000000000000                      # none known yet

hex() { od -An -v -tx1 | tr -d ' \n'; }
bytes() { # hex on stdin -> bytes
  local text
  text=$(cat)
  printf '%b' "$(fold -w2 <<<"$text" | sed 's|^|\\x|' | tr -d '\n')"
}
number() { # msgpack: an unsigned number
  if (($1 < 128)); then printf %02x "$1"
  elif (($1 < 256)); then printf 'cc%02x' "$1"
  elif (($1 < 65536)); then printf 'cd%04x' "$1"
  else printf 'ce%08x' "$1"; fi
}
text() { # msgpack: a text
  local len=${#1}
  if ((len < 32)); then printf %02x $((0xa0 + len)); else printf 'd9%02x' "$len"; fi
  printf %s "$1" | hex
}
bin() { # msgpack: bytes, given as hex
  local len=$((${#1} / 2))
  if ((len < 256)); then printf 'c4%02x' "$len"; else printf 'c5%04x' "$len"; fi
  printf %s "$1"
}
array() { printf %02x $((0x90 + $1)); }
map() { printf %02x $((0x80 + $1)); }
nil=c0

new_id() { # a TypeID over a UUIDv7: 10 characters of time, 16 of chance
  local digits=0123456789abcdefghjkmnpqrstvwxyz ms id='' i
  ms=$(date +%s%3N)
  for ((i = 45; i >= 0; i -= 5)); do id+=${digits:$(((ms >> i) & 31)):1}; done
  id+=7
  for ((i = 0; i < 15; i++)); do id+=${digits:$((RANDOM % 32)):1}; done
  printf '%s_%s' "$1" "$id"
}

ask() { # kind, body as hex: the reply's frame as hex
  local frame id tag
  id=$(openssl rand -hex 16)
  frame=$(array 6)$(number 1)$(number "$1")$(bin "$id")$(bin "$challenge")$(bin "$name")$(bin "$2")
  tag=$(bytes <<<"$frame" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$tag_key" -r | cut -c1-64)
  bytes <<<"$frame$tag" >"$work/frame"
  nngcat --req --dial "$url" --file "$work/frame" --raw --recv-timeout 5 | hex
}
# A frame of ours: array, version, kind, id (2 + 16 bytes), challenge (2 + 16), key name (2 + 16), body, tag (32).
kind_of() { printf %d $((16#${1:4:2})); }
body_of() { # without its length
  local body=${1:114:$((${#1} - 114 - 64))}
  case ${body:0:2} in
    c4) printf %s "${body:4}" ;;
    c5) printf %s "${body:6}" ;;
    *) printf %s "${body:10}" ;;
  esac
}

reply=$(ask 1 '')
[[ $(kind_of "$reply") == 126 ]] || { echo "not welcome: $(body_of "$reply" | bytes | tr -cd '[:print:]'); is the key right?" >&2; exit 1; }
challenge=${reply:46:32}
echo "welcome, challenge $challenge"

post=$(new_id post)
fields=$(map 2)$(text post_id)$(text "$post")$(text parts)$(array 1)$(map 1)$(text text)$(text "Written with nngcat.")
command=$(array 10)$(number 40)$fields$(text "$(new_id cmd)")$nil$(text "$post")$(number 1)$nil$nil$(number 0)$(number 0)
reply=$(ask 2 "$(array 1)$(array 3)$(bin "$command")$nil$nil")
answer=$(body_of "$reply")
[[ ${answer:4:2} == a0 ]] || { echo "refused: $(bytes <<<"$answer" | tr -cd '[:print:]')" >&2; exit 1; }
echo "created $post"

reply=$(ask 4 "$(array 2)$(text get_post)$(bin "$(map 1)$(text post_id)$(text "$post")")")
body_of "$reply" | bytes | tr -cd '[:print:]' | cut -c1-400
echo

reply=$(ask 3 "$(array 2)$(number 0)$(number 100)")
echo "events: $(body_of "$reply" | bytes | grep -aoE '(ws|mem|key|post)_[0-9a-z]{26}' | sort -u | wc -l) things named in $((${#reply} / 2)) bytes"

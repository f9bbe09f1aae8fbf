#!/bin/bash
# rpc.sh: the RPC by hand: nngcat, openssl and a shell. Asks for a welcome, writes a draft, reads it back and follows the
# events. core/wire/README.md (installed: rpc.md) says what the bytes are. Prints
#
#   challenge HEX             the ledger's, from its welcome
#   created ID                the draft
#   {…}                       the draft, as the ledger has it: one line of JSON
#   event ENVELOPE PAYLOAD    each of the workspace's first 100 events, as the log keeps them: msgpack, in hex
#
# or, with exit code 1, "refused: CODE" to stderr.
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
  printf '%b' "$(sed 's|..|\\x&|g' <<<"$text")"
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

new_id() { # a TypeID over a UUIDv7: 10 characters of time, 16 of chance but for version and variant (RFC 9562, 5.7)
  local digits=0123456789abcdefghjkmnpqrstvwxyz ms id='' i
  ms=$(date +%s%3N)
  for ((i = 45; i >= 0; i -= 5)); do id+=${digits:$(((ms >> i) & 31)):1}; done
  id+=${digits:$((14 | RANDOM % 2)):1} # 0111, a bit
  for ((i = 0; i < 15; i++)); do
    if ((i == 2)); then id+=${digits:$((8 | RANDOM % 4)):1}; else id+=${digits:$((RANDOM % 32)):1}; fi # a bit, 10, two bits
  done
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
# msgpack, read from the front of its hex: a text or bytes, and what is behind them. How long is in the first byte's low
# bits, or in the next 1, 2 or 4 bytes.
head_len() {
  case ${1:0:2} in
    a? | b?) echo 2 ;;
    c4 | d9) echo 4 ;;
    c5 | da) echo 6 ;;
    c6 | db) echo 10 ;;
    *) echo "neither a text nor bytes: ${1:0:8}" >&2; return 1 ;;
  esac
}
content_len() {
  local head
  head=$(head_len "$1")
  if ((head == 2)); then echo $((2 * (16#${1:0:2} & 31))); else echo $((2 * 16#${1:2:head - 2})); fi
}
content() { printf %s "${1:$(head_len "$1"):$(content_len "$1")}"; }
behind_number() { # one byte, or 1, 2, 4 or 8 more
  case ${1:0:2} in
    [0-7]?) printf %s "${1:2}" ;;
    cc | cd | ce | cf) printf %s "${1:2 + 2 * (1 << (16#${1:0:2} - 16#cc))}" ;;
    *) echo "not a number: ${1:0:8}" >&2; return 1 ;;
  esac
}
behind() { printf %s "${1:$(head_len "$1") + $(content_len "$1")}"; }

# A frame of ours: array, version, kind, id (2 + 16 bytes), challenge (2 + 16), key name (2 + 16), body, tag (32).
kind_of() { printf %d $((16#${1:4:2})); }
body_of() { content "${1:114}"; }
accepted() { # what begins with a code: all behind it, when the code is the empty one
  local code
  code=$(content "$1" | bytes)
  [[ -z $code ]] || { echo "refused: $code" >&2; return 1; }
  behind "$1"
}

reply=$(ask 1 '')
[[ $(kind_of "$reply") == 126 ]] || { body=$(body_of "$reply"); accepted "${body:2}"; exit 1; } # an array of one: the code
challenge=${reply:46:32}
echo "challenge $challenge"

post=$(new_id post)
fields=$(map 2)$(text post_id)$(text "$post")$(text parts)$(array 1)$(map 1)$(text text)$(text "Written with nngcat.")
command=$(array 10)$(number 40)$fields$(text "$(new_id cmd)")$nil$(text "$post")$(number 1)$nil$nil$(number 0)$(number 0)
answers=$(body_of "$(ask 2 "$(array 1)$(array 3)$(bin "$command")$nil$nil")")
accepted "${answers:4}" >/dev/null # an array of one answer, an array
echo "created $post"

result=$(body_of "$(ask 4 "$(array 2)$(text get_post)$(bin "$(map 1)$(text post_id)$(text "$post")")")")
json=$(accepted "${result:2}") # an array of two
content "$json" | bytes
echo

events=$(body_of "$(ask 3 "$(array 2)$(number 0)$(number 100)")")
[[ $events != 91* ]] || { accepted "${events:2}"; exit 1; } # an array of one: the code
of=${events:1:1}
events=$(behind_number "${events:2}") # an array of two: the number of the workspace's last event, and
((of == 2)) || events=$(behind_number "$events") # of three, when not all are told: up to where it was looked, and
case $events in
  dc*) count=$((16#${events:2:4})) events=${events:6} ;;
  *) count=$((16#${events:1:1})) events=${events:2} ;;
esac
for ((i = 0; i < count; i++)); do
  envelope=${events:2} # an array of two
  payload=$(behind "$envelope")
  echo "event $(content "$envelope") $(content "$payload")"
  events=$(behind "$payload")
done

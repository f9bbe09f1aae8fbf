# Fuzzing. Under the preset fuzz (OPENPOST_FUZZ) each target is built as a libFuzzer program; under every other preset it is two
# tests, which call tools/fuzz and tools/fuzz-coverage, which build that preset: fuzz/<name> runs it from its kept corpus for a
# while, fuzz/<name>_coverage asks whether that corpus reaches the parser.
set(OPENPOST_FUZZ_SECONDS 30 CACHE STRING "how long a fuzz target runs as a test, where it names no time of its own")
set(fuzz_folder ${CMAKE_CURRENT_LIST_DIR}/fuzz)

function(fuzz_test name)
  add_test(NAME fuzz/${name} COMMAND ${ARGN})
  set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz TIMEOUT 300 FIXTURES_REQUIRED fuzz)
endfunction()

# fuzz(NAME [SECONDS N] PARSER FILES… LIBRARIES NAMES… SOURCES FILES…): tests/fuzz/NAME_fuzz.c. The corpus must reach the parser's
# lines. SOURCES are compiled into the target: what it needs of a library that would take long to build whole.
function(fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 fuzz "" "SECONDS" "PARSER;LIBRARIES;SOURCES")
  if(NOT fuzz_SECONDS)
    set(fuzz_SECONDS ${OPENPOST_FUZZ_SECONDS})
  endif()
  if(OPENPOST_FUZZ)
    list(TRANSFORM fuzz_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/)
    add_executable(fuzz_${name} ${fuzz_folder}/${name}_fuzz.c ${fuzz_SOURCES})
    target_link_libraries(fuzz_${name} PRIVATE ${fuzz_LIBRARIES})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzz_targets fuzz_${name})
  else()
    fuzz_test(${name} ${CMAKE_SOURCE_DIR}/tools/fuzz ${fuzz_SECONDS} ${name})
    fuzz_test(${name}_coverage ${CMAKE_SOURCE_DIR}/tools/fuzz-coverage ${name} ${fuzz_PARSER})
  endif()
endfunction()

if(OPENPOST_FUZZ)
  add_custom_target(fuzz_targets)
else()
  add_test(NAME fuzz/build COMMAND ${CMAKE_SOURCE_DIR}/tools/fuzz build)
  set_tests_properties(fuzz/build PROPERTIES LABELS fuzz TIMEOUT 900 PROCESSORS 2 FIXTURES_SETUP fuzz)
endif()

fuzz(codec PARSER core/message/codec.c core/message/shape.c LIBRARIES message)
fuzz(typeid PARSER core/base/typeid.c LIBRARIES base)
fuzz(instant PARSER core/calendar/instant.c LIBRARIES calendar)
fuzz(tzif SECONDS 20 PARSER core/calendar/tzif.c core/calendar/tz_rule.c LIBRARIES calendar)
fuzz(json_body PARSER core/message/json_read.c core/message/json_node.c core/channel_content.c gateway/input.c
  LIBRARIES channel message projections SOURCES gateway/input.c gateway/schema.c)
fuzz(http_head PARSER gateway/server_head.c LIBRARIES base PkgConfig::MHD Threads::Threads
  SOURCES gateway/server.c gateway/server_accept.c gateway/server_conn.c gateway/server_head.c gateway/server_peers.c gateway/server_reply.c
  gateway/server_stream.c gateway/server_watch.c gateway/forwarded.c gateway/header_value.c)
fuzz(forwarded SECONDS 20 PARSER gateway/forwarded.c LIBRARIES base SOURCES gateway/forwarded.c gateway/header_value.c)
fuzz(frame PARSER core/wire/frame.c core/wire/pack.c core/wire/body.c LIBRARIES message OpenSSL::Crypto
  SOURCES core/wire/frame.c core/wire/pack.c core/wire/body.c)
fuzz(person SECONDS 20 PARSER core/wire/person.c core/wire/person_record.c core/wire/login.c LIBRARIES message OpenSSL::Crypto
  SOURCES core/wire/person.c core/wire/person_record.c core/wire/login.c core/wire/pack.c)
fuzz(identity SECONDS 20 PARSER adapters/identity/id_token.c adapters/identity/jwks.c adapters/identity/oidc.c core/wire/identity.c
  LIBRARIES message OpenSSL::Crypto PkgConfig::CJOSE
  SOURCES adapters/identity/id_token.c adapters/identity/jose.c adapters/identity/jwks.c adapters/identity/oidc.c adapters/guard.c adapters/http.c
  core/wire/identity.c core/wire/pack.c core/wire/person_record.c)
fuzz(proof SECONDS 20 PARSER core/log/tlog_proof.c core/log/checkpoint.c core/base/base64.c LIBRARIES base OpenSSL::Crypto
  SOURCES core/log/tlog_proof.c core/log/checkpoint.c core/log/merkle.c)
set(bluesky adapters/bluesky_answer.c adapters/bluesky_jobs.c adapters/bluesky_record.c adapters/bluesky_render.c
  adapters/bluesky_request.c adapters/bluesky_resolve.c adapters/bluesky_split.c adapters/bluesky_text.c adapters/guard.c
  adapters/http.c adapters/http_date.c adapters/page_scan.c adapters/platform.c core/text/text_measure.c)
fuzz(bluesky_job SECONDS 20 PARSER adapters/bluesky_jobs.c adapters/bluesky_resolve.c
  LIBRARIES channel message PkgConfig::ICU SOURCES ${bluesky})
fuzz(bluesky_page SECONDS 20 PARSER adapters/page_scan.c LIBRARIES channel message PkgConfig::ICU SOURCES ${bluesky})
fuzz(bluesky_outcome PARSER adapters/bluesky_answer.c adapters/http_date.c LIBRARIES channel message
  SOURCES adapters/bluesky_answer.c adapters/http_date.c)
fuzz(words SECONDS 20 PARSER core/text/words.c LIBRARIES base PkgConfig::ICU SOURCES core/text/words.c core/text/text_measure.c)
fuzz(template SECONDS 20 PARSER core/template.c core/message/placeholder.c LIBRARIES channel message)
fuzz(guard SECONDS 20 PARSER adapters/guard.c LIBRARIES base SOURCES adapters/guard.c)
fuzz(request PARSER gateway/query.c gateway/cursor.c gateway/header_value.c gateway/etag.c
  LIBRARIES channel message projections
  SOURCES gateway/query.c gateway/cursor.c gateway/header_value.c gateway/etag.c gateway/schema.c)

# The same target with a bug in it: a length of four bytes is read although only three are left. The kept corpus alone must not
# show it, a fuzzer must.
if(OPENPOST_FUZZ)
  add_executable(fuzz_planted ${fuzz_folder}/codec_fuzz.c ${CMAKE_SOURCE_DIR}/core/message/shape.c)
  target_compile_definitions(fuzz_planted PRIVATE OPENPOST_FUZZ_PLANT)
  target_link_libraries(fuzz_planted PRIVATE message)
  target_link_options(fuzz_planted PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzz_targets fuzz_planted)
else()
  fuzz_test(planted_bug_is_found ${fuzz_folder}/planted 30)
endif()

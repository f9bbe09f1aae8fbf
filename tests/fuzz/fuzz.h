/* fuzz.h: what the fuzz targets share. Each is a libFuzzer program (https://llvm.org/docs/LibFuzzer.html) over one
 * parser of foreign bytes: whatever they are, the parser must not crash, and what it accepts must hold what its header
 * promises. ASSERT is the judge here: a promise that is broken is a bug. The input is an exact copy on the heap, so
 * that ASan sees a read one byte beyond it. */
#ifndef OPENPOST_TESTS_FUZZ_FUZZ_H
#define OPENPOST_TESTS_FUZZ_FUZZ_H

#include "core/base/assert.h"
#include "core/base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif

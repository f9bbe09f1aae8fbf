/* bench_proc.h: what proc(5) tells about the processes of a service that runs. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_PROC_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_PROC_H

#include <sys/types.h>

#include "core/base/span.h"

#define BENCH_CHILDREN_MAX 16

/* bench_children lists the processes that pid started. bench_process_name: the subcommand that a process runs (the
 * second word of its command line), "?" when it is gone. */
enum err bench_children(pid_t pid, pid_t ret_children[BENCH_CHILDREN_MAX], size_t *ret_count) MUST_USE;
void bench_process_name(pid_t pid, char name[32]);
/* bench_process_option copies what follows an option in a process's command line; ERR_NOT_FOUND. */
enum err bench_process_option(pid_t pid, const char *option, char *out, size_t cap) MUST_USE;
/* bench_process_kb: proportional memory (Pss) in units of 1,000 bytes; bench_process_shared_kb: that of files and
 * shared memory in it; bench_process_own_kb: the rest. bench_process_files: how many files are open.
 * bench_process_cpu_us: processor time of its threads so far. bench_process_faults: pages that the kernel had to give
 * it, bench_process_written: bytes of files that it changed; both so far. */
enum err bench_process_kb(pid_t pid, double *ret_kb) MUST_USE;
enum err bench_process_own_kb(pid_t pid, double *ret_kb) MUST_USE;
enum err bench_process_files(pid_t pid, double *ret_files) MUST_USE;
enum err bench_process_shared_kb(pid_t pid, double *ret_kb) MUST_USE;
enum err bench_process_cpu_us(pid_t pid, double *ret_us) MUST_USE;
enum err bench_process_faults(pid_t pid, double *ret_faults) MUST_USE;
enum err bench_process_written(pid_t pid, double *ret_bytes) MUST_USE;

#endif

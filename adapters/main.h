/* main.h: an adapter's process. */
#ifndef OPENPOST_ADAPTERS_MAIN_H
#define OPENPOST_ADAPTERS_MAIN_H

/* adapter_main: openpost adapter CHANNEL --listen URL --key-file FILE [--allow-loopback PORT,… [--loopback-only]].
 * Returns the process's exit code. */
int adapter_main(int argc, char **argv);

#endif

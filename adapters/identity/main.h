/* main.h: the process that talks to identity providers. */
#ifndef OPENPOST_ADAPTERS_IDENTITY_MAIN_H
#define OPENPOST_ADAPTERS_IDENTITY_MAIN_H

/* identity_main: openpost identity --listen URL --key-file FILE [--allow-loopback PORT,… [--loopback-only]]. Returns
 * the process's exit code. */
int identity_main(int argc, char **argv);

#endif

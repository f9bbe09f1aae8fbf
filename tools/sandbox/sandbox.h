/* sandbox.h: openpost sandbox: the simulated platform over HTTP. */
#ifndef OPENPOST_TOOLS_SANDBOX_SANDBOX_H
#define OPENPOST_TOOLS_SANDBOX_SANDBOX_H

/* sandbox_main: see --help. Returns the process's exit code. */
int sandbox_main(int argc, char **argv);

#endif

/* proof.h: openpost verify's other half: the key to verify by, and proofs of single events (.tlog-proof), which need no
 * data folder. */
#ifndef OPENPOST_TOOLS_PROOF_H
#define OPENPOST_TOOLS_PROOF_H

#include "core/ledger/data.h"
#include "core/log/checkpoint.h"

/* verifier_choose reads the verifier key given on the command line or, with text NULL, the one stored in the folder
 * (which whoever altered the log could have altered as well). False: *ret_exit. */
bool verifier_choose(const char *text, const struct data_folder *data, struct checkpoint_verifier *ret_verifier,
                     int *ret_exit);
/* verify_proof checks the proof in a file, prints the verdict, all that the proved leaf says, and the event's fields
 * where the payload came with it; returns the exit code: EXIT_UNREADABLE when it is no proof. */
int verify_proof(const char *path, const struct checkpoint_verifier *verifier, bool json);

#endif

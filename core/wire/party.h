/* party.h: who of our own processes holds which key. Each has one of its own, derived from the installation's secret
 * (HKDF-SHA-256, RFC 5869), from which neither the secret nor another's key can be found; the secret itself is
 * forgotten before a process is confined. So the ledger knows who speaks, and a process that is taken over can say what
 * its own work needs, and no more. */
#ifndef OPENPOST_WIRE_PARTY_H
#define OPENPOST_WIRE_PARTY_H

#include "core/message/message.h"
#include "core/wire/frame.h"

/* party_key derives what a process authenticates its frames to the ledger with; link_key likewise for scheduler and the
 * adapter of a channel (its word, e.g. "bluesky") between them: to the ledger it is nobody's. */
void party_key(const uint8_t secret[FRAME_KEY_LEN], enum party party, uint8_t ret_key[FRAME_KEY_LEN]);
void link_key(const uint8_t secret[FRAME_KEY_LEN], struct span channel, uint8_t ret_key[FRAME_KEY_LEN]);

/* identity_key derives what the process that talks to identity providers is given, its whole key; from it come the key
 * of its link to the gateway, which has that one alone, and the key of the boxes that the ledger seals for it
 * (identity_box.h), which the gateway can pass on and not open. To the ledger it is nobody's. */
void identity_key(const uint8_t secret[FRAME_KEY_LEN], uint8_t ret_key[FRAME_KEY_LEN]);
void identity_link_key(const uint8_t key[FRAME_KEY_LEN], uint8_t ret_key[FRAME_KEY_LEN]);
void identity_box_key(const uint8_t key[FRAME_KEY_LEN], uint8_t ret_key[FRAME_KEY_LEN]);

/* cursor_key derives what the ledger covers the cursors with that other programs get: nobody else needs it. */
void cursor_key(const uint8_t secret[FRAME_KEY_LEN], uint8_t ret_key[FRAME_KEY_LEN]);

/* party_may_ask: may it send frames of that kind to the ledger? party_may_command: that command? An operator may all
 * that goes over the wire: whoever has the data folder has the secret. */
bool party_may_ask(enum party party, uint8_t frame_kind);
bool party_may_command(enum party party, uint32_t code);

#endif

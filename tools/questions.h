/* questions.h: what the ledger process can be asked beside commands: the read models' queries, events as tenants see
 * them, checkpoints and proofs. The composition root hands it over (core/ledger/service.h). */
#ifndef OPENPOST_TOOLS_QUESTIONS_H
#define OPENPOST_TOOLS_QUESTIONS_H

#include "core/ledger/service.h"

/* Our own processes name the workspace in the arguments of events, checkpoint and proof (lines: workspace id, number,
 * number, a stream or nothing, and whose posts' events alone are to be seen or nothing); other programs are held to
 * their key's. Names: events (after, limit), checkpoint, proof (workspace_seq), verifier (no arguments: the
 * checkpoints' verifier key), and those of projections/views.h. Ours alone may ask stream (version and the stream: its
 * events so far), server_sent (after, limit: events as a stream of HTTP has them) and covered (position: how far the
 * log is signed, once it is so far). A helping for who sees but their own posts' events may be short, or empty, and
 * says all the same how far it reached (core/ledger/sight.h). */
enum err questions_answer(const struct question *question, enum refusal *ret_refusal, struct buf *out) MUST_USE;
enum err questions_principal(struct store_txn *txn, const uint8_t name[16], int64_t now_ms, struct asker *ret_asker)
    MUST_USE;
/* Reads what a post's author wrote, for whoever judges it. */
enum err questions_post(struct store_txn *txn, const struct asker *asker, const struct id *post_id, struct arena *arena,
                        struct written_post *ret_post) MUST_USE;

/* What the ledger asks of read models about a program's command: service_parts says it. */
enum err questions_account(struct store_txn *txn, const struct asker *asker, const struct id *integration_id,
                           struct arena *arena, struct known_account *ret_account) MUST_USE;
enum err questions_template(struct store_txn *txn, const struct asker *asker, const struct id *template_id,
                            struct arena *arena, struct known_template *ret_template) MUST_USE;
enum err questions_series(struct store_txn *txn, const struct asker *asker, const struct id *series_id,
                          struct arena *arena, uint64_t *ret_version) MUST_USE;
enum err questions_key(struct store_txn *txn, const struct id *workspace_id, const struct id *key_id,
                       struct arena *arena, struct known_key *ret_key) MUST_USE;

#endif

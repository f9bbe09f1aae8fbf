/* bluesky.h: the channel bluesky: posts on the account's personal data server (PDS) through atproto's XRPC, with an app
 * password.
 *
 * Files: bluesky_render.c (text to records), bluesky_text.c and bluesky_split.c (what a text names, where it is cut),
 * bluesky_request.c (calls as HTTP requests), bluesky_answer.c (answers as outcomes), bluesky_jobs.c and
 * bluesky_resolve.c (which call comes next). All pure.
 *
 * Facts (struct channel_facts, the result of a resolve job):
 * {"mentions":{"handle":"did"},"card"?:{"uri","title"?,"description","thumb"?}}; what could not be found is missing,
 * and the rendering goes without and notes it. Settings: {"langs":[up to 3 BCP 47
 * tags],"format":"post"|"thread"}. Credentials: to connect {"identifier","password"}; afterwards
 * {"accessJwt","refreshJwt"}. The app password itself is not kept. */
#ifndef OPENPOST_ADAPTERS_BLUESKY_H
#define OPENPOST_ADAPTERS_BLUESKY_H

#include "core/channel.h"

#define BLUESKY_COLLECTION "app.bsky.feed.post"
#define BLUESKY_KEY_LEN 13u /* a TID */
#define BLUESKY_LANGS_MAX 3u

struct platform;

const struct channel *bluesky_channel(void);
const struct platform *bluesky_platform(void);

/* bluesky_record writes the record of one part: canonical JSON (a fixed order of members), so that the same input gives
 * the same bytes. langs and embed are JSON values, data NULL: none. mentions: handle to DID, an object, NULL: none
 * resolved. ERR_NO_MEMORY. */
struct json_node;
enum err bluesky_record(struct span text, int64_t created_ms, struct span langs, struct span embed,
                        const struct json_node *mentions, struct arena *arena, struct span *ret_record) MUST_USE;

/* bluesky_mention_did gives the DID that a handle resolved to; data NULL: it did not. */
struct span bluesky_mention_did(const struct json_node *mentions, struct span handle);

#endif

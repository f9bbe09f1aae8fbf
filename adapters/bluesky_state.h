/* bluesky_state.h: a job of the adapter bluesky under way. Inside the adapter bluesky only. */
#ifndef OPENPOST_ADAPTERS_BLUESKY_STATE_H
#define OPENPOST_ADAPTERS_BLUESKY_STATE_H

#include "adapters/bluesky_call.h"
#include "adapters/platform.h"

#define BLUESKY_MENTIONS_MAX 64 /* handles resolved for one post; more stay plain text */

struct bluesky_mention {
    struct span handle; /* lower case */
    struct span did;    /* data NULL: not resolved */
};

/* What a resolve job has found so far. */
struct bluesky_facts {
    struct bluesky_mention mentions[BLUESKY_MENTIONS_MAX];
    uint32_t mention_count;
    uint32_t mention_next;
    struct span link; /* data NULL: none */
    struct span title;
    struct span description;
    struct span image_url;
    struct span image_mime;
    struct span image;
    const struct json_node *thumb; /* the blob */
};

struct bluesky_state {
    enum bluesky_call call;  /* asked last */
    enum bluesky_call after; /* to be asked again once the token is refreshed */
    bool refreshed;          /* once a job */
    struct span access;      /* tokens, secret */
    struct span refresh;
    struct span password;       /* likewise; connect only */
    struct bluesky_facts facts; /* resolve only */
};

/* One step's place: the job, its state, and where its result goes. */
struct bluesky_step {
    struct platform_job *job;
    struct bluesky_state *state;
    struct http_request *request;
    bool *finished;
    struct job_outcome *outcome;
};

/* bluesky_asker_of gives what requests are made with; authorised: with the access token. */
struct bluesky_asker bluesky_asker_of(const struct bluesky_step *step, bool authorised);
/* bluesky_end ends the job with an answer's outcome. */
void bluesky_end(const struct bluesky_step *step, const struct bluesky_answer *answer);
/* bluesky_exchange asks for new tokens if the answer says that they may help and the job has not done so yet:
 * *ret_asked. ERR_NO_MEMORY. */
enum err bluesky_exchange(const struct bluesky_step *step, const struct bluesky_answer *answer, bool *ret_asked)
    MUST_USE;

/* The resolve job (bluesky_resolve.c): its first request, the one after each answer, and uploadBlob again after a
 * refresh. */
enum err bluesky_resolve_begin(const struct bluesky_step *step) MUST_USE;
enum err bluesky_resolve_answered(const struct bluesky_step *step, const struct http_response *response) MUST_USE;
enum err bluesky_resolve_upload(const struct bluesky_step *step) MUST_USE;

#endif

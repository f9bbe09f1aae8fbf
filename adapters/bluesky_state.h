/* bluesky_state.h: a job of the adapter bluesky under way. Inside the adapter bluesky only. */
#ifndef OPENPOST_ADAPTERS_BLUESKY_STATE_H
#define OPENPOST_ADAPTERS_BLUESKY_STATE_H

#include "adapters/bluesky_call.h"
#include "adapters/platform.h"

#define BLUESKY_MENTIONS_MAX 64 /* handles resolved for one post; more stay plain text */

struct bluesky_mention {
    struct span handle; /* lower case */
    struct span did;    /* data NULL: not resolved */
    bool settled;       /* somebody's or certainly nobody's: not asked again */
};

/* What a resolve job has found so far. It asks in rounds: what had no definite answer is asked again in the next. */
struct bluesky_facts {
    struct bluesky_mention mentions[BLUESKY_MENTIONS_MAX];
    uint32_t mention_count;
    uint32_t mention_next;       /* of this round */
    enum bluesky_call card_next; /* of the card: CALL_PAGE, CALL_IMAGE, CALL_UPLOAD_BLOB; CALL_COUNT: nothing */
    bool card_failed;            /* in this round */
    uint32_t rounds;             /* that ended */
    bool open;                   /* something of this round had no definite answer */
    int64_t not_before_ms;       /* of the next round: the platform asks to wait; 0: it does not */
    struct span link;            /* data NULL: none */
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
    int64_t deadline_ms;     /* of the request that comes next */
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
/* bluesky_exchange asks for new tokens if the answer says that they may help and the job has not done so yet:
 * *ret_asked. ERR_NO_MEMORY. */
enum err bluesky_exchange(const struct bluesky_step *step, const struct bluesky_answer *answer, bool *ret_asked)
    MUST_USE;

/* The resolve job (bluesky_resolve.c): its first request, the one after each answer, uploadBlob again after a refresh,
 * and how it goes on when that failed. */
enum err bluesky_resolve_begin(const struct bluesky_step *step) MUST_USE;
enum err bluesky_resolve_answered(const struct bluesky_step *step, const struct http_response *response) MUST_USE;
enum err bluesky_resolve_upload(const struct bluesky_step *step) MUST_USE;
enum err bluesky_resolve_without_picture(const struct bluesky_step *step) MUST_USE;

#endif

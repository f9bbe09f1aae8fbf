/* bench_crowd.h: one workspace of many posts, in this process: filled through the ledger with every projection, without
 * wire or HTTP; the clock is the crowd's own. Who filled it knows each post, so that answers can be checked. */
#ifndef OPENPOST_TOOLS_BENCHMARKS_BENCH_CROWD_H
#define OPENPOST_TOOLS_BENCHMARKS_BENCH_CROWD_H

#include "core/base/limits.h"
#include "core/calendar/zone.h"
#include "tools/benchmarks/bench_turns.h"
#include "tools/benchmarks/bench_world.h"

#define CROWD_TEXT_MAX 512
#define CROWD_WORDS 30            /* of a text */
#define CROWD_VOCABULARY_BITS 14U /* 16,384 words, used by rank as in texts: the n-th some 1/n as often as the first */
#define CROWD_RARE 40   /* posts in all that have the rare label, account and author, however many there are */
#define CROWD_TEN 10    /* one post of so many has each of: the label campaign, the other account, the other author */
#define CROWD_ROUND 256 /* commands of a round */
#define CROWD_POSTS 512 /* that a round makes where both sides make them in one workspace: each writes one shelf */
#define CROWD_GROUP 64  /* of one commit: as many clients wait */

struct crowd_post {
    uint8_t uuid[16];
    uint8_t gone;   /* cancelled */
    uint8_t edited; /* its text is another */
    int64_t created_ms;
    int64_t due_ms; /* 0: a draft */
};

/* What post number so is from the beginning. */
enum crowd_role {
    ROLE_DUE,   /* one of those that are due together, before all others, to be locked and sent */
    ROLE_DRAFT, /* to be scheduled */
    ROLE_USUAL
};

struct crowd {
    struct parts parts;
    struct zones *zones;
    struct bench_author author; /* of most posts, and its account */
    struct bench_author other; /* the same workspace's: one post of ten is by that key, another tenth to that account */
    struct bench_author rare;
    bool worded;     /* else its texts are one word each */
    uint64_t size;   /* posts that it is filled with */
    uint64_t posts;  /* that there are */
    uint64_t room;   /* for so many */
    uint64_t picked; /* usual posts that were taken so far */
    uint64_t stride; /* a role comes each so many posts */
    int64_t start_ms;
    int64_t now_ms;
    double post_us;          /* of the processor, for each post that it was filled with */
    struct crowd_post *made; /* by number */
};

/* crowd_open fills one in a folder of that name. rounds: so many of CROWD_ROUND posts will be scheduled, locked, … and
 * as many made. Tells how far it is on standard error. */
enum err crowd_open(struct bench *bench, const char *name, uint64_t size, unsigned rounds, bool worded,
                    struct crowd *ret_crowd) MUST_USE;
void crowd_close(struct crowd *crowd);

bool crowd_is_rare(const struct crowd *crowd, uint64_t number);
bool crowd_has_label(const struct crowd *crowd, uint64_t number);   /* campaign */
bool crowd_has_account(const struct crowd *crowd, uint64_t number); /* the other one */
bool crowd_has_author(const struct crowd *crowd, uint64_t number);  /* the other one */
/* crowd_words writes a text of CROWD_WORDS words, another for each seed; crowd_word the word of a rank; crowd_rank is
 * that of word number i of a post's text. */
void crowd_words(uint64_t seed, struct buf *out);
void crowd_word(struct buf *out, uint64_t rank);
uint64_t crowd_rank(const struct crowd *crowd, uint64_t number, uint64_t i);
void crowd_text(const struct crowd *crowd, uint64_t number, struct buf *out);
/* crowd_id: of post number so, or what belongs to it. */
struct id crowd_id(const struct crowd *crowd, uint64_t number, enum id_kind kind);
/* crowd_role_number finds the post of a role that comes index-th, in an order of chance; crowd_pick a usual one that is
 * open and that nobody took before. */
uint64_t crowd_role_number(const struct crowd *crowd, enum crowd_role role, uint64_t index);
uint64_t crowd_pick(struct crowd *crowd);
/* When those of ROLE_DUE are due, all within half a minute. */
int64_t crowd_due_ms(const struct crowd *crowd);

/* A command and what it borrows: do not copy one that was filled. */
struct crowd_job {
    uint64_t number;
    struct bench_post post;
    struct bench_lock lock;
    struct command command;
    const struct command *sent; /* one of these */
    struct label labels[2];
    char text[CROWD_TEXT_MAX];
};

/* crowd_job_create makes the next post, at the instant that follows from its number. crowd_job_edit gives one another
 * text, once. crowd_job_command begins any other command about a post, by its first author. */
void crowd_job_create(struct crowd *crowd, struct crowd_job *job);
void crowd_job_edit(struct crowd *crowd, uint64_t number, struct crowd_job *job);
struct command *crowd_job_command(const struct crowd *crowd, uint64_t number, uint32_t code, struct crowd_job *job);

/* crowd_job_extra makes a post beside those that are counted, by that author to their account, with the text of post
 * number so. crowd_found_author gives the workspace one more key and account. */
void crowd_job_extra(const struct crowd *crowd, const struct bench_author *author, uint64_t number, int64_t at_ms,
                     struct crowd_job *job);
enum err crowd_found_author(struct crowd *crowd, const char *name, unsigned number, struct bench_author *ret_author)
    MUST_USE;

/* crowd_give has commands decided, CROWD_GROUP in a commit; ERR_CONFLICT: one was refused (it says which), or did
 * nothing. *ret_cost: of each, durable; NULL: not wanted. */
enum err crowd_give(struct crowd *crowd, const struct command *const *commands, size_t count,
                    struct turn_cost *ret_cost) MUST_USE;
enum err crowd_give_jobs(struct crowd *crowd, const struct crowd_job *jobs, size_t count, struct turn_cost *ret_cost)
    MUST_USE;
/* crowd_tell has one command of the operator's decided. */
enum err crowd_tell(struct crowd *crowd, struct command *command) MUST_USE;

/* What a post must be like; 0, data NULL: whatever. */
struct crowd_want {
    uint32_t status;
    int64_t publish_at_ms;
    struct span text;
    struct id series_id;
};

/* crowd_check reads a post of a workspace and compares; ERR_CONFLICT: it is another. */
enum err crowd_check(const struct crowd *crowd, const struct id *workspace_id, const struct id *post_id,
                     const struct crowd_want *want) MUST_USE;

/* crowd_half_shelf rounds a number of posts so that their last shelf is half full: on that each post is looked at. */
uint64_t crowd_half_shelf(uint64_t posts);

/* The two that are compared, filled once for all benchmarks of a run that ask for them, both of half a shelf. */
struct crowds {
    struct crowd large;
    struct crowd small;
    bool written;     /* since they were filled */
    char against[32]; /* what the small one is called */
};

/* crowds_get opens them; fresh: nothing was written since they were filled. Both stay the bench's. */
enum err crowds_get(struct bench *bench, bool fresh, struct crowds **ret_crowds) MUST_USE;
void crowds_close(struct bench *bench);

#endif

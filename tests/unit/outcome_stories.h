/* outcome_stories.h: rows about what outcomes mean. UNKNOWN: a started at 0, its outcome unknown, the first reading at
 * 120. */
#ifndef OPENPOST_TESTS_OUTCOME_STORIES_H
#define OPENPOST_TESTS_OUTCOME_STORIES_H

#include "tests/unit/attempt_stories.h"

#define UNKNOWN STARTED ", outcome a unknown"
#define PROBED3                                                                                                  \
    UNKNOWN " keyless, at 120, outcome a unknown read keyless, at 300, outcome a unknown read keyless, at 900, " \
            "outcome a unknown read keyless"
#define PROBED6                                                                                                       \
    PROBED3 ", at 3600, outcome a unknown read keyless, at 21600, outcome a unknown read keyless, at 86400, outcome " \
            "a unknown read keyless"
#define AGAIN(at_) ", outcome a deferred until=" #at_ ", at " #at_ ", start a"
/* Attempts without end; the last is under way. */
#define NINE_AGAIN AGAIN(1) AGAIN(2) AGAIN(3) AGAIN(4) AGAIN(5) AGAIN(6) AGAIN(7) AGAIN(8) AGAIN(9)
#define TEN_AGAIN \
    AGAIN(121) AGAIN(122) AGAIN(123) AGAIN(124) AGAIN(125) AGAIN(126) AGAIN(127) AGAIN(128) AGAIN(129) AGAIN(130)
#define TENTH STARTED NINE_AGAIN
#define THREAD_TENTH "create a now, lock a:2, start a, outcome a accepted, start a" NINE_AGAIN
#define REFUSED_ONCE STARTED ", outcome a refused, at 10, retry now"

/* A story is one line, whatever its length. */
/* clang-format off */
static const struct story outcome_stories[] = {
    /* accepted */
    {"an accepted target is published, and so the post", STARTED, "outcome a accepted", "attempt_finished a 1 accepted; target_finished a published; post_finished published"},
    {"the platform's own instant may come with it", STARTED, "outcome a accepted published=1", "attempt_finished a 1 accepted; target_finished a published; post_finished published"},
    {"the same outcome again is nothing new", STARTED ", outcome a accepted", "outcome a accepted", "nothing"},
    {"a post waits for its last target", "create a b now, lock a b, start a", "outcome a accepted", "attempt_finished a 1 accepted; target_finished a published"},
    {"a post of which some is published is partly published", "create a b now, lock a b, start a, start b, outcome a accepted", "outcome b refused code=x", "attempt_finished b 1 refused; target_finished b failed x; post_finished partially_published"},
    {"a published and a cancelled target make a partly published post", "create a b now, lock a b, cancel b, start a", "outcome a accepted", "attempt_finished a 1 accepted; target_finished a published; post_finished partially_published"},
    {"a thread is published when its last part is", "create a now, lock a:3, start a, outcome a accepted, start a, outcome a accepted, start a", "outcome a accepted", "attempt_finished a 3 accepted; target_finished a published; post_finished published"},
    {"a thread goes on after each part", "create a now, lock a:3, start a", "outcome a accepted", "attempt_finished a 1 accepted"},
    {"a thread's next part is due when the one before is live", "create a now, lock a:3, start a, at 2, outcome a accepted, at 3", "start a", "attempt_started a 2 part 1 due 2 deadline 123"},
    {"an outcome is recorded after a restart of the ledger", STARTED ", ledger", "outcome a accepted", "attempt_finished a 1 accepted; target_finished a published; post_finished published"},
    {"an outcome is recorded under a suspected clock", STARTED ", suspect", "outcome a accepted", "attempt_finished a 1 accepted; target_finished a published; post_finished published"},
    {"an outcome is recorded in a paused workspace", STARTED ", hold, remove a", "outcome a accepted", "attempt_finished a 1 accepted; target_finished a published; post_finished published"},
    {"a reading may bring the outcome of what is under way", STARTED, "outcome a accepted read", "attempt_finished a 1 accepted; target_finished a published; post_finished published"},
    {"an outcome of an attempt that never was is refused", STARTED, "outcome a accepted id=7", "refused attempt_unknown"},
    {"an outcome before any attempt is refused", LOCKED, "outcome a accepted id=1", "refused attempt_unknown"},
    {"an outcome for a target that the post has not is refused", STARTED, "outcome b accepted", "refused not_found"},

    /* try_again */
    {"the second try comes after 30 s", STARTED, "outcome a try_again", "attempt_finished a 1 try_again next 30"},
    {"the dice stretch it to 80 %", STARTED, "outcome a try_again jitter=0", "attempt_finished a 1 try_again next 24"},
    {"the dice stretch it to 120 %", STARTED, "outcome a try_again jitter=400", "attempt_finished a 1 try_again next 36"},
    {"dice out of range are cut", STARTED, "outcome a try_again jitter=4000", "attempt_finished a 1 try_again next 36"},
    {"the third try comes after 120 s", STARTED ", outcome a try_again, at 30, start a", "outcome a try_again jitter=201", "attempt_finished a 2 try_again next 150.120"},
    {"there is no fourth", STARTED ", outcome a try_again, at 30, start a, outcome a try_again, at 150, start a", "outcome a try_again", "attempt_finished a 3 try_again; target_finished a failed attempts_exhausted; post_finished failed"},
    {"a retry is not early", STARTED ", outcome a try_again, at 29.999", "start a", "refused attempt_early"},
    {"a retry says when it should have been", STARTED ", outcome a try_again, at 31", "start a", "attempt_started a 2 part 0 due 30 deadline 151"},
    {"an adapter that knows it absent says try again", STARTED, "outcome a absent", "attempt_finished a 1 absent next 30"},
    {"parts count their tries apart", "create a now, lock a:2, start a, outcome a try_again, at 30, start a, outcome a try_again, at 150, start a, outcome a accepted, start a", "outcome a try_again", "attempt_finished a 4 try_again next 180"},
    {"a retry beyond the lateness is none", LOCKED ", at 21571, start a", "outcome a try_again", "attempt_finished a 1 try_again; target_finished a failed retry_window_over; post_finished failed"},
    {"a retry at the very lateness is one", LOCKED ", at 21570, start a", "outcome a try_again", "attempt_finished a 1 try_again next 21600"},
    {"a retry beyond the last instant is none", "create a now not_after=29, lock a, start a", "outcome a try_again", "attempt_finished a 1 try_again; target_finished a failed retry_window_over; post_finished failed"},

    /* deferred, unauthorized, refused */
    {"a deferral waits for its reset", STARTED, "outcome a deferred until=900", "attempt_finished a 1 deferred next 900 until 900"},
    {"a deferral without a reset waits a little", STARTED, "outcome a deferred", "attempt_finished a 1 deferred next 30 until 30"},
    {"a second one in a row waits twice as long", STARTED ", outcome a deferred, at 30, start a", "outcome a deferred", "attempt_finished a 2 deferred next 90 until 90"},
    {"the dice stretch that too", STARTED ", outcome a deferred, at 30, start a", "outcome a deferred jitter=400", "attempt_finished a 2 deferred next 102 until 102"},
    {"it doubles six times", STARTED ", outcome a deferred until=1, at 1, start a, outcome a deferred until=2, at 2, start a, outcome a deferred until=3, at 3, start a, outcome a deferred until=4, at 4, start a, outcome a deferred until=5, at 5, start a, outcome a deferred until=6, at 6, start a, outcome a deferred until=7, at 7, start a", "outcome a deferred", "attempt_finished a 8 deferred next 1927 until 1927"},
    {"after another outcome it begins anew", STARTED ", outcome a deferred, at 30, start a, outcome a try_again, at 60, start a", "outcome a deferred", "attempt_finished a 3 deferred next 90 until 90"},
    {"and for the next part", "create a now, lock a:2, start a, outcome a deferred, at 30, start a, outcome a accepted, start a", "outcome a deferred", "attempt_finished a 3 deferred next 60 until 60"},
    {"and after a person's retry", STARTED ", outcome a deferred, at 30, start a, outcome a deferred until=21601, at 31, retry now, start a", "outcome a deferred", "attempt_finished a 3 deferred next 61 until 61"},
    {"an answer that was the last of its window says until when", STARTED, "outcome a accepted until=900", "attempt_finished a 1 accepted until 900; target_finished a published; post_finished published"},
    {"a refusal may say so too", STARTED, "outcome a refused code=x until=900", "attempt_finished a 1 refused until 900; target_finished a failed x; post_finished failed"},
    {"an end of a limit that has passed says nothing", STARTED ", at 60", "outcome a accepted until=60", "attempt_finished a 1 accepted; target_finished a published; post_finished published"},
    {"a reset that has passed does not make a loop", STARTED ", at 60", "outcome a deferred until=1", "attempt_finished a 1 deferred next 61 until 61"},
    {"deferrals are not counted", STARTED ", outcome a deferred until=10, at 10, start a, outcome a deferred until=20, at 20, start a, outcome a deferred until=30, at 30, start a", "outcome a try_again", "attempt_finished a 4 try_again next 60"},
    {"a reset beyond the lateness is too late", STARTED, "outcome a deferred until=21601", "attempt_finished a 1 deferred until 21601; target_finished a failed retry_window_over; post_finished failed"},
    {"after a second 401 the target waits", STARTED, "outcome a unauthorized", "attempt_finished a 1 unauthorized"},
    {"it waits while the account is disconnected", STARTED ", outcome a unauthorized, disconnect a", "start a", "refused integration_disconnected"},
    {"it starts when the account is back", STARTED ", outcome a unauthorized, disconnect a, connect a vault=2, accept a vault=2, at 60", "start a", "attempt_started a 2 part 0 due 0 deadline 180"},
    {"a 401 is not counted", STARTED ", outcome a unauthorized, start a", "outcome a try_again", "attempt_finished a 2 try_again next 30"},
    {"a refusal is the end", STARTED, "outcome a refused", "attempt_finished a 1 refused; target_finished a failed platform_refused; post_finished failed"},
    {"a refusal says why", STARTED, "outcome a refused code=address_refused", "attempt_finished a 1 refused; target_finished a failed address_refused; post_finished failed"},
    {"a thread refused in its middle counts as partly published", "create a now, lock a:2, start a, outcome a accepted, start a", "outcome a refused", "attempt_finished a 2 refused; target_finished a failed platform_refused; post_finished partially_published"},

    /* unknown */
    {"an unknown outcome is read at the deadline", STARTED, "outcome a unknown", "attempt_finished a 1 unknown next 120"},
    {"one that comes after the deadline is read now", STARTED ", at 500", "outcome a unknown", "attempt_finished a 1 unknown next 500"},
    {"unknown again is nothing new", UNKNOWN, "outcome a unknown", "nothing"},
    {"a reading that finds nothing is no outcome of what is under way", STARTED, "outcome a unknown read", "nothing"},
    {"presence is proved by any reading", UNKNOWN " keyless, at 10", "outcome a accepted read keyless", "attempt_settled a 1 accepted read; target_finished a published; post_finished published"},
    {"a late answer settles it", UNKNOWN ", at 10", "outcome a accepted", "attempt_settled a 1 accepted; target_finished a published; post_finished published"},
    {"a late refusal settles it", UNKNOWN, "outcome a refused", "attempt_settled a 1 refused; target_finished a failed platform_refused; post_finished failed"},
    {"a late deferral settles it", UNKNOWN, "outcome a deferred until=600", "attempt_settled a 1 deferred next 600 until 600"},
    {"absence proved by a key is tried again", UNKNOWN ", at 120", "outcome a absent read", "attempt_settled a 1 absent read next 150"},
    {"absence is not proved before the deadline", UNKNOWN ", at 119.999", "outcome a absent read", "refused attempt_early"},
    {"nor while the request is under way", STARTED ", at 119", "outcome a absent read", "refused attempt_early"},
    {"after the deadline it is, even of what is under way", STARTED ", at 120", "outcome a absent read", "attempt_finished a 1 absent next 150"},
    {"absences count as tries", UNKNOWN ", at 120, outcome a absent read, at 150, start a, outcome a unknown, at 270, outcome a absent read, at 390, start a, outcome a unknown, at 510", "outcome a absent read", "attempt_settled a 3 absent read; target_finished a failed attempts_exhausted; post_finished failed"},
    {"absence too late is not tried again", UNKNOWN ", at 21590", "outcome a absent read", "attempt_settled a 1 absent read; target_finished a failed retry_window_over; post_finished failed"},
    {"without a key absence is not proved", UNKNOWN " keyless, at 120", "outcome a absent read keyless", "attempt_probed a 1 next 300"},
    {"without a key an adapter cannot know it absent", STARTED, "outcome a absent keyless", "attempt_finished a 1 unknown next 120"},
    {"the settled outcome again is nothing new", UNKNOWN ", at 120, outcome a absent read", "outcome a absent read", "nothing"},

    /* probes */
    {"the second reading is at 5 min", UNKNOWN " keyless, at 120", "outcome a unknown read keyless", "attempt_probed a 1 next 300"},
    {"a reading before its time settles nothing", UNKNOWN " keyless, at 119", "outcome a unknown read keyless", "nothing"},
    {"the third at 15 min", UNKNOWN " keyless, at 120, outcome a unknown read keyless, at 300", "outcome a unknown read keyless", "attempt_probed a 2 next 900"},
    {"the fourth at 1 h, and a person is needed", UNKNOWN " keyless, at 120, outcome a unknown read keyless, at 300, outcome a unknown read keyless, at 900", "outcome a unknown read keyless", "attempt_probed a 3 needs_person next 3600"},
    {"the fifth at 6 h", PROBED3 ", at 3600", "outcome a unknown read keyless", "attempt_probed a 4 needs_person next 21600"},
    {"the sixth at 24 h", PROBED3 ", at 3600, outcome a unknown read keyless, at 21600", "outcome a unknown read keyless", "attempt_probed a 5 needs_person next 86400"},
    {"without a key the last is after 30 days", PROBED3 ", at 3600, outcome a unknown read keyless, at 21600, outcome a unknown read keyless, at 86400", "outcome a unknown read keyless", "attempt_probed a 6 needs_person next 2592000"},
    {"after 30 days it has failed", PROBED6 ", at 2592000", "outcome a unknown read keyless", "attempt_probed a 7 needs_person; target_finished a failed outcome_unknown; post_finished failed"},
    {"with a key it is read daily", UNKNOWN ", at 120, outcome a unknown read, at 300, outcome a unknown read, at 900, outcome a unknown read, at 3600, outcome a unknown read, at 21600, outcome a unknown read, at 86400", "outcome a unknown read", "attempt_probed a 6 needs_person next 172800"},
    {"a reading that was told to wait waits", UNKNOWN ", at 120", "outcome a deferred read until=1000", "attempt_probed a 1 next 1000"},
    {"a reading that could not be made says nothing of the attempt", UNKNOWN ", at 120", "outcome a try_again read", "attempt_probed a 1 next 300"},
    {"a reading that was refused says nothing of the attempt", UNKNOWN ", at 120", "outcome a refused read", "attempt_probed a 1 next 300"},
    {"a reading without credentials says nothing of the attempt", UNKNOWN ", at 120", "outcome a unauthorized read", "attempt_probed a 1 next 300"},
    {"readings that come late are not made in a burst", STARTED ", at 40000, outcome a unknown", "outcome a unknown read", "attempt_probed a 1 next 40180"},
    {"no reading is planned after 30 days", STARTED ", at 2591990, outcome a unknown", "outcome a unknown read", "attempt_probed a 1 next 2592000"},
    {"a start without an outcome after 30 days has failed", STARTED ", at 2600000, outcome a unknown", "outcome a unknown read", "attempt_probed a 1; target_finished a failed outcome_unknown; post_finished failed"},
    {"a new attempt is probed afresh", PROBED3 ", resolve a absent retry, start a, outcome a unknown, at 1020", "outcome a unknown read", "attempt_probed a 1 next 1200"},

    /* late and contradicting */
    {"after 30 days the answer still decides", PROBED6 ", at 2592000, outcome a unknown read keyless, at 2592001", "outcome a accepted", "attempt_settled a 1 accepted; target_finished a published; post_finished published"},
    {"after 30 days an absence is recorded and changes nothing", UNKNOWN ", at 2592000, outcome a unknown read, at 2592001", "outcome a absent read", "attempt_settled a 1 absent read"},
    {"missed after a retry in doubt, the answer still decides", UNKNOWN ", resolve a abandoned, at 200, retry now, at 21801, miss a", "outcome a accepted", "attempt_settled a 1 accepted; target_finished a published; post_finished published"},
    {"cancelled after a retry in doubt, it stays cancelled, but what is live counts", UNKNOWN ", resolve a abandoned, retry now, cancel", "outcome a accepted", "attempt_settled a 1 accepted; post_finished partially_published"},
    {"a late refusal leaves a retry in doubt to its reading", UNKNOWN ", resolve a abandoned, retry now, outcome a refused", "start a", "refused attempt_not_startable"},
    {"a late refusal of what a person gave up is recorded", UNKNOWN ", resolve a abandoned", "outcome a refused", "attempt_settled a 1 refused"},
    {"after a person gave up the answer still decides", UNKNOWN ", resolve a abandoned", "outcome a accepted", "attempt_settled a 1 accepted; target_finished a published; post_finished published"},
    {"a later reading that settles nothing after the end is nothing", UNKNOWN ", resolve a abandoned, at 300", "outcome a unknown read", "nothing"},
    {"a thread's part that turns out live leaves the target failed", "create a now, lock a:2, start a, outcome a unknown, resolve a abandoned", "outcome a accepted", "attempt_settled a 1 accepted; post_finished partially_published"},
    {"a person's word stands", UNKNOWN ", resolve a absent", "outcome a accepted", "outcome_contradicted a accepted"},
    {"the platform agrees with a person", UNKNOWN ", resolve a published url=x", "outcome a accepted", "nothing"},
    {"the platform disagrees with a person", UNKNOWN ", resolve a published url=x", "outcome a refused", "outcome_contradicted a refused"},
    {"the first definite outcome stands", STARTED ", outcome a accepted", "outcome a refused", "outcome_contradicted a refused"},
    {"a reading that contradicts settles what is about to be sent again", STARTED ", outcome a try_again", "outcome a accepted read", "outcome_contradicted a accepted; attempt_settled a 1 accepted read; target_finished a published; post_finished published"},
    {"a contradiction is a fact once", STARTED ", outcome a accepted, outcome a refused", "outcome a try_again", "nothing"},
    {"unknown contradicts nothing", STARTED ", outcome a accepted", "outcome a unknown", "nothing"},
    {"two ways of not being there are no contradiction", STARTED ", outcome a try_again", "outcome a refused", "nothing"},
    {"a reading that found nothing agrees with a try", STARTED ", outcome a try_again, at 120", "outcome a absent read", "nothing"},
    {"an older attempt's outcome is remembered", STARTED ", outcome a try_again, at 30, start a", "outcome a accepted id=1", "outcome_contradicted a accepted"},
    {"a second copy is told", STARTED ", outcome a try_again, at 30, start a, outcome a accepted", "outcome a accepted id=1", "outcome_contradicted a accepted"},
    {"while an older attempt may be live nothing more is sent", STARTED ", outcome a try_again, at 30, start a, outcome a accepted id=1, outcome a try_again, at 150", "start a", "refused attempt_not_startable"},
    {"unless the platform was read", STARTED ", outcome a try_again, at 30, start a, outcome a accepted id=1, outcome a try_again, at 150, outcome a absent read", "start a", "attempt_started a 3 part 0 due 150 deadline 270"},
    {"or the absence proved", STARTED ", outcome a try_again, at 30, start a, outcome a accepted id=1, outcome a unknown, at 150, outcome a absent read, at 270", "start a", "attempt_started a 3 part 0 due 270 deadline 390"},
    {"an older attempt is contradicted once", STARTED ", outcome a try_again, at 30, start a, outcome a accepted id=1", "outcome a accepted id=1", "nothing"},
    {"after a contradiction nothing is sent before it was read", STARTED ", outcome a try_again, outcome a accepted, at 30", "start a", "refused attempt_not_startable"},
    {"contradicted and found, it is published", STARTED ", outcome a try_again, outcome a accepted, at 30", "outcome a accepted read", "attempt_settled a 1 accepted read; target_finished a published; post_finished published"},
    {"contradicted and not found, it is sent again", STARTED ", outcome a try_again, outcome a accepted, at 120, outcome a absent read", "start a", "attempt_started a 2 part 0 due 120 deadline 240"},
    {"a contradicted failure is read before a person's retry", STARTED ", outcome a refused code=x, outcome a accepted", "retry now", "targets_retried a read_first due 0"},
    {"a contradicted older attempt too", STARTED ", outcome a try_again, at 30, start a, outcome a refused code=x, outcome a accepted id=1", "retry now", "targets_retried a read_first due 30"},
    {"an older attempt that was contradicted at another part needs none", "create a now, lock a:2, start a, outcome a accepted, outcome a refused, start a, outcome a refused code=x", "retry now", "targets_retried a due 0"},
    {"the second of ten attempts is remembered", TENTH, "outcome a refused id=2", "nothing"},
    {"the first is recalled from the log", TENTH, "outcome a refused id=1", "nothing"},
    {"what never was an attempt is not", TENTH, "outcome a accepted id=77", "refused attempt_unknown"},
    {"a forgotten attempt that was accepted after all is recorded", TENTH, "outcome a accepted id=1", "outcome_contradicted a accepted"},
    {"and once", TENTH ", outcome a accepted id=1", "outcome a accepted id=1", "nothing"},
    {"and recalled when it is said again much later", TENTH ", outcome a accepted id=1, outcome a accepted", "outcome a accepted id=1", "nothing"},
    {"while a forgotten attempt may be live nothing more is sent", TENTH ", outcome a accepted id=1, outcome a try_again, at 150", "start a", "refused attempt_not_startable"},
    {"nor when it waited already", TENTH ", outcome a deferred until=20, outcome a accepted id=1, at 20", "start a", "refused attempt_not_startable"},
    {"a forgotten attempt is read for and found", TENTH ", outcome a accepted id=1, outcome a try_again, at 150", "outcome a accepted read", "attempt_settled a 10 accepted read; target_finished a published; post_finished published"},
    {"a forgotten attempt is read for and not there", TENTH ", outcome a accepted id=1, outcome a try_again, at 150, outcome a absent read", "start a", "attempt_started a 11 part 0 due 150 deadline 270"},
    {"and read for again after every try", TENTH ", outcome a accepted id=1, outcome a try_again, at 150, outcome a absent read, start a, outcome a deferred until=160, at 160", "start a", "refused attempt_not_startable"},
    {"a reading of a forgotten attempt may find it", TENTH ", outcome a deferred until=20", "outcome a accepted read id=1", "outcome_contradicted a accepted; attempt_settled a 1 accepted read; target_finished a published; post_finished published"},
    {"a reading of a forgotten attempt finds nothing", TENTH ", outcome a deferred until=20", "outcome a absent read id=1", "nothing"},
    {"after a forgotten attempt's contradiction a failure is read before a person's retry", TENTH ", outcome a refused code=x, outcome a accepted id=1", "retry now", "targets_retried a read_first due 9"},
    {"a second copy by a forgotten attempt is told", TENTH ", outcome a accepted", "outcome a accepted id=1", "outcome_contradicted a accepted"},
    {"of a cancelled target, too", TENTH ", outcome a deferred until=20, cancel", "outcome a accepted id=1", "outcome_contradicted a accepted"},
    {"a forgotten attempt at a part that is live agrees", THREAD_TENTH, "outcome a accepted id=1", "nothing"},
    {"or contradicts, once", THREAD_TENTH, "outcome a refused id=1", "outcome_contradicted a refused"},
    {"and then holds nothing back", THREAD_TENTH ", outcome a refused id=1, outcome a deferred until=20, at 20", "start a", "attempt_started a 12 part 1 due 20 deadline 140"},
    {"a person's word on a forgotten attempt is recalled", STARTED ", outcome a unknown, at 120, resolve a absent retry, start a" TEN_AGAIN, "outcome a refused id=1", "nothing"},
    {"and contradicted", STARTED ", outcome a unknown, at 120, resolve a absent retry, start a" TEN_AGAIN, "outcome a accepted id=1", "outcome_contradicted a accepted"},

    /* read first */
    {"after a refusal nothing is sent before it was read", REFUSED_ONCE, "start a", "refused attempt_not_startable"},
    {"refused but published all the same", REFUSED_ONCE ", at 130", "outcome a accepted read", "attempt_settled a 1 accepted read; target_finished a published; post_finished published"},
    {"refused and not there", REFUSED_ONCE ", at 130", "outcome a absent read", "attempt_settled a 1 absent read next 130"},
    {"refused and not found without a key", REFUSED_ONCE ", at 130", "outcome a absent read keyless", "attempt_settled a 1 absent read next 130"},
    {"refused, not there, and sent", REFUSED_ONCE ", at 130, outcome a absent read", "start a", "attempt_started a 2 part 0 due 130 deadline 250"},
    {"read before the person's instant, it is sent at that instant", STARTED ", outcome a refused, at 130, retry at=600", "outcome a absent read", "attempt_settled a 1 absent read next 600"},
    {"a request that was answered has arrived: it is read at once", REFUSED_ONCE, "outcome a absent read", "attempt_settled a 1 absent read next 10"},
    {"then it is sent at once", REFUSED_ONCE ", outcome a absent read", "start a", "attempt_started a 2 part 0 due 10 deadline 130"},
    {"without an answer the retry itself waits for the deadline, and says so", STARTED ", outcome a unknown, at 10, resolve a abandoned", "retry now", "targets_retried a read_first due 120"},
    {"without an answer a later instant stands", STARTED ", outcome a unknown, at 10, resolve a abandoned", "retry at=200", "targets_retried a read_first due 200"},
    {"without an answer absence before the deadline is no absence", STARTED ", outcome a unknown, at 10, resolve a abandoned, retry now", "outcome a absent read", "refused attempt_early"},
    {"a reading that failed is made again", REFUSED_ONCE ", at 130", "outcome a try_again read", "attempt_probed a 1 next 310"},
    {"a reading that failed before its time is nothing", REFUSED_ONCE ", at 130, outcome a unknown read", "outcome a unknown read", "nothing"},
    {"without a key it is read daily all the same: nobody may be sent it unread", REFUSED_ONCE ", at 130, outcome a unknown read keyless, at 310, outcome a unknown read keyless, at 910, outcome a unknown read keyless, at 3610, outcome a unknown read keyless, at 21610, outcome a unknown read keyless, at 86410", "outcome a unknown read keyless", "attempt_probed a 6 needs_person next 172810"},
    {"an unread target is missed in the end", REFUSED_ONCE ", at 21611", "miss a", "targets_missed a lateness_exceeded; post_finished missed lateness_exceeded"},
    {"an unread target can be cancelled", REFUSED_ONCE, "cancel", "targets_cancelled a; post_finished cancelled"},
    {"an unknown outcome of 30 days is read before a person's retry", UNKNOWN ", at 2592000, outcome a unknown read", "retry now", "targets_retried a read_first due 2592000"},
    {"and found by the retry's reading", UNKNOWN ", at 2592000, outcome a unknown read, retry now", "outcome a accepted read", "attempt_settled a 1 accepted read; target_finished a published; post_finished published"},
    {"and settled by its late answer", UNKNOWN ", at 2592000, outcome a unknown read, retry now", "outcome a accepted", "attempt_settled a 1 accepted; target_finished a published; post_finished published"},
    {"a late answer to a thread's part moves the retry on", "create a now, lock a:2, start a, outcome a unknown, at 2592000, outcome a unknown read, retry now, outcome a accepted", "start a", "attempt_started a 2 part 1 due 2592000 deadline 2592120"},
    {"a reading of an older attempt may find it", STARTED ", outcome a refused, at 120, retry now, outcome a absent read, start a, outcome a refused, at 300, retry now", "outcome a accepted read id=1", "attempt_settled a 1 accepted read; target_finished a published; post_finished published"},
    {"a reading of another part clears nothing", "create a now, lock a:2, start a, outcome a accepted, start a, outcome a refused, at 130, retry now", "outcome a absent read id=1", "outcome_contradicted a absent"},
    {"a reading of another part, found, clears nothing", "create a now, lock a:2, start a, outcome a accepted, start a, outcome a refused, at 130, retry now", "outcome a accepted read id=1", "nothing"},
    {"a reading of an older attempt clears nothing", STARTED ", outcome a refused, at 120, retry now, outcome a absent read, start a, outcome a refused, at 300, retry now", "outcome a absent read id=1", "nothing"},
    {"a keyless doubt outlives the retry: the old answer comes while the new attempt is under way", UNKNOWN " keyless, at 2592000, outcome a unknown read keyless, retry now, outcome a absent read keyless, start a", "outcome a accepted id=1", "outcome_contradicted a accepted"},

    /* first comment */
    {"a target is published before its comment", "create a now, lock a:2c, start a", "outcome a accepted", "attempt_finished a 1 accepted; target_finished a published; post_finished published"},
    {"the comment follows", "create a now, lock a:2c, start a, outcome a accepted, at 5", "start a", "attempt_started a 2 part 1 due 0 deadline 125"},
    {"a comment is published", "create a now, lock a:2c, start a, outcome a accepted, start a", "outcome a accepted", "attempt_finished a 2 accepted; comment_finished a accepted"},
    {"a published comment is not started again", "create a now, lock a:2c, start a, outcome a accepted, start a, outcome a accepted", "start a", "refused attempt_not_startable"},
    {"a comment's failure leaves the post published", "create a now, lock a:2c, start a, outcome a accepted, start a", "outcome a refused", "attempt_finished a 2 refused; comment_finished a refused"},
    {"a comment is tried again", "create a now, lock a:2c, start a, outcome a accepted, start a", "outcome a try_again", "attempt_finished a 2 try_again next 30"},
    {"a comment is tried three times", "create a now, lock a:2c, start a, outcome a accepted, start a, outcome a try_again, at 30, start a, outcome a try_again, at 150, start a", "outcome a try_again", "attempt_finished a 4 try_again; comment_finished a try_again"},
    {"an unknown comment without a key is never sent again", "create a now, lock a:2c, start a, outcome a accepted, start a", "outcome a unknown keyless", "attempt_finished a 2 unknown next 120; comment_finished a unknown"},
    {"an unknown comment without a key is not started", "create a now, lock a:2c, start a, outcome a accepted, start a, outcome a unknown keyless, at 3600", "start a", "refused attempt_not_startable"},
    {"an unknown comment with a key is read", "create a now, lock a:2c, start a, outcome a accepted, start a, outcome a unknown, at 120", "outcome a absent read", "attempt_settled a 2 absent read next 150"},
    {"an unknown comment needs no person", "create a now, lock a:2c, start a, outcome a accepted, start a, outcome a unknown, at 120, outcome a unknown read, at 300, outcome a unknown read, at 900", "outcome a unknown read", "attempt_probed a 3 next 3600"},
    {"a comment unknown for 30 days is over", "create a now, lock a:2c, start a, outcome a accepted, start a, outcome a unknown, at 2592000", "outcome a unknown read", "attempt_probed a 1; comment_finished a unknown"},
    {"a comment over after 30 days that was refused is only recorded", "create a now, lock a:2c, start a, outcome a accepted, start a, outcome a unknown, at 2592000, outcome a unknown read", "outcome a refused", "attempt_settled a 2 refused"},
    {"a comment that turns out live is published", "create a now, lock a:2c, start a, outcome a accepted, start a, outcome a unknown keyless", "outcome a accepted", "attempt_settled a 2 accepted; comment_finished a accepted"},
    {"an unknown comment is not for a person to resolve", "create a now, lock a:2c, start a, outcome a accepted, start a, outcome a unknown", "resolve a abandoned", "refused target_not_unknown"},
    {"a post is finished while its comment waits", "create a now, lock a:2c, start a, outcome a accepted", "cancel", "refused post_finished"},
    {"a person's publication is followed by the comment", "create a now, lock a:2c, start a, outcome a unknown, at 9, resolve a published url=x", "start a", "attempt_started a 2 part 1 due 9 deadline 129"},
    {"the post's late contradiction leaves the comment alone", "create a now, lock a:2c, start a, outcome a accepted, start a", "outcome a refused id=1", "outcome_contradicted a refused"},
};
/* clang-format on */

#endif

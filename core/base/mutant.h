/* mutant.h: bugs planted on purpose, so that the tests can prove that they would find them. OPENPOST_MUTANT is set by
 * CMake; 0, the true build, has none.
 *
 * 1 a start is sent before it is durable; 2 every attempt after a part's first has a new record key; 3 the fence is
 * ignored; 4 the lock does not look at the version; 5 a scheduler that was restarted has outcomes forgotten that it
 * does not record; 6 a follower skips a position; 7 a retry's timer is lost; 8 a cancel is accepted in flight; 9 a
 * change leaves an approval as it was; 10 a slot that somebody stands at is free; 11 a swap leaves the other post where
 * it was; 12 who only edited a post may approve it under four eyes. */
#ifndef OPENPOST_BASE_MUTANT_H
#define OPENPOST_BASE_MUTANT_H

#ifndef OPENPOST_MUTANT
#define OPENPOST_MUTANT 0
#endif

/* MUTANT(n) is 1 in the build that has bug n planted, a constant. */
#define MUTANT(n) (OPENPOST_MUTANT == (n))

#endif

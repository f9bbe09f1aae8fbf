/* mutant.h: bugs planted on purpose, each behind MUTANT(n), to show that the simulation finds them. 0 (the default): none. */
#ifndef OPENPOST_BASE_MUTANT_H
#define OPENPOST_BASE_MUTANT_H

#ifndef OPENPOST_MUTANT
#define OPENPOST_MUTANT 0
#endif

#define MUTANT(n) (OPENPOST_MUTANT == (n))

#endif

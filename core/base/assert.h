/* assert.h: a bug crashes, in release too.
 *
 * ASSERT(c) checks a precondition, an invariant or an impossible case. When c is false the process prints the
 * expression and its place on stderr and aborts. Never use it on anything that came from outside the process.
 * (<assert.h> is not used: NDEBUG would silence it.) */
#ifndef OPENPOST_BASE_ASSERT_H
#define OPENPOST_BASE_ASSERT_H

_Noreturn void assert_failed(const char *expression, const char *file, int line);

#define ASSERT(c) ((c) ? (void)0 : assert_failed(#c, __FILE__, __LINE__))

#endif

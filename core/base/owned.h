/* owned.h: locals that clean up after themselves. OWNED(foo_free) struct foo *foo = NULL; then return anywhere:
 * foo_free(foo) runs when foo leaves its scope (foo_free accepts NULL). Hand it over by setting it to NULL.
 * Each owner declares its cleaner once with OWNED_BY(foo_free, struct foo *). */
#ifndef OPENPOST_BASE_OWNED_H
#define OPENPOST_BASE_OWNED_H

#define OWNED_BY(cleaner_, pointer_type_)                       \
    static inline void owned_##cleaner_(pointer_type_ *pointer) \
    {                                                           \
        cleaner_(*pointer);                                     \
        *pointer = (pointer_type_)0;                            \
    }                                                           \
    struct owned_##cleaner_##_needs_a_semicolon

/* unused: a local may be there for its cleaner alone, which clang 14 takes for a mistake. */
#define OWNED(cleaner_) __attribute__((cleanup(owned_##cleaner_), unused))

#endif

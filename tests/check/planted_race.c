/* planted_race.c: two threads add to one number without a lock. tools/threads runs it first and expects ThreadSanitizer
 * to say so: a sanitizer that sees nothing here sees nothing anywhere. */
#include <pthread.h>
#include <stddef.h>

static void *add_one(void *number)
{
    *(int *)number += 1;
    return NULL;
}

int main(void)
{
    int number = 0;
    pthread_t other;
    if (pthread_create(&other, NULL, add_one, &number) != 0) {
        return 0;
    }
    (void)add_one(&number);
    return pthread_join(other, NULL);
}

/* decider_words.h: a step of a story as words, and the ids, instants and hashes that they stand for. */
#ifndef OPENPOST_TESTS_DECIDER_WORDS_H
#define OPENPOST_TESTS_DECIDER_WORDS_H

#include <check.h>
#include <stdlib.h>

#include "core/base/arena.h"
#include "core/decider/aggregate.h"
#include "tests/unit/decider_print.h"

static inline struct id story_id(enum id_kind kind, int number, int letter)
{
    struct id id = {.kind = (uint8_t)kind};
    id.uuid[6] = 0x70;
    id.uuid[8] = 0x80;
    id.uuid[14] = (uint8_t)number;
    id.uuid[15] = (uint8_t)letter;
    return id;
}

/* A step's words. */
#define STEP_WORDS_MAX 16

struct step {
    char words[STEP_WORDS_MAX][64];
    int count;
};

/* Takes the next step off *text; false at its end. */
static inline bool next_step(const char **text, struct step *ret_step)
{
    struct step step = {.count = 0};
    const char *at = *text;
    while (*at == ',' || *at == ' ') {
        at++;
    }
    if (*at == '\0') {
        return false;
    }
    while (*at != ',' && *at != '\0') {
        const size_t len = strcspn(at, " ,");
        if (len > 0) {
            ck_assert_int_lt(step.count, STEP_WORDS_MAX);
            ck_assert_uint_lt(len, sizeof step.words[0]);
            memcpy(step.words[step.count], at, len);
            step.words[step.count][len] = '\0';
            step.count++;
        }
        at += len + (at[len] == ' ' ? 1 : 0);
    }
    *text = at;
    *ret_step = step;
    return true;
}

/* The value of "name=value", NULL when it is not there. has_word: the word alone. */
static inline const char *option(const struct step *step, const char *name)
{
    const size_t len = strlen(name);
    for (int i = 1; i < step->count; i++) {
        if (strncmp(step->words[i], name, len) == 0 && step->words[i][len] == '=') {
            return step->words[i] + len + 1;
        }
    }
    return NULL;
}

static inline bool has_word(const struct step *step, const char *word)
{
    for (int i = 1; i < step->count; i++) {
        if (strcmp(step->words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static inline int64_t seconds(const char *text)
{
    return text == NULL ? 0 : STORY_EPOCH_MS + (int64_t)(strtod(text, NULL) * 1000.0);
}

static inline int number(const char *text, int otherwise)
{
    return text == NULL ? otherwise : atoi(text);
}

static inline struct span word_or_none(const char *text)
{
    return text == NULL ? (struct span){0} : span_text(text);
}

static inline struct hash story_hash(char letter, int number_of_it)
{
    struct hash hash = {{0}};
    memset(hash.bytes, letter, sizeof hash.bytes);
    hash.bytes[7] = (uint8_t)number_of_it;
    return hash;
}

/* A letter alone, or with what follows it about a target: see decider_story.h. */
static inline bool is_target(const char *word)
{
    return word[0] >= 'a' && word[0] <= 'z' && (word[1] == '\0' || strchr("#@:~", word[1]) != NULL);
}

#endif

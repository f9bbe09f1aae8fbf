/* password.c: see password.h. Called by whoever sets a password. Length is what makes one strong (NIST SP 800-63B,
 * 5.1.1.2: no rules of composition); the table has the long ones that lists of stolen passwords have most often, and
 * those that our own name suggests. */
#include "gateway/sign_in/password.h"

static const char *const guessed_first[] = {
    "0123456789012",    "0987654321098",       "1029384756102",
    "111222333444",     "112233445566",        "121212121212",
    "123123123123",     "1234567890-=",        "123456789000",
    "123456789012",     "1234567890123",       "12345678901234",
    "123456789abc",     "1234567890qwe",       "123456qwerty",
    "1234qwerasdf",     "123456123456",        "1q2w3e4r5t6y",
    "1q2w3e4r5t6y7u",   "1qaz2wsx3edc",        "1qaz2wsx3edc4rfv",
    "987654321098",     "abcdefghijkl",        "abcdefghijklm",
    "abcdefghijklmn",   "abcd12345678",        "abcdef123456",
    "administrator",    "administrator1",      "admin1234567",
    "adminadminadmin",  "asdfasdfasdf",        "asdfghjkl123",
    "basketball12",     "changemenow1",        "changeme1234",
    "changemechangeme", "correcthorse",        "correcthorsebatterystaple",
    "default12345",     "dragondragon",        "football1234",
    "hellohellohello",  "helloworld12",        "helloworld123",
    "iloveyou1234",     "iloveyou12345",       "iloveyouforever",
    "iloveyousomuch",   "letmein12345",        "letmein123456",
    "letmeinletmein",   "liverpool123",        "michaeljordan",
    "mypassword12",     "mypassword123",       "nopassword12",
    "openpost1234",     "openpost12345",       "openpostopenpost",
    "p@ssw0rd1234",     "p@ssword1234",        "passw0rd1234",
    "passw0rd12345",    "password0123",        "password1234",
    "password12345",    "password123456",      "password1234567",
    "password2023",     "password2024",        "password2025",
    "password2026",     "password!123",        "passwordpassword",
    "passwort1234",     "princess1234",        "q1w2e3r4t5y6",
    "qazwsxedcrfv",     "qazwsxedc123",        "qwer1234qwer",
    "qwertyqwerty",     "qwerty123456",        "qwerty1234567",
    "qwertyuiop12",     "qwertyuiop123",       "qwertyuiop[]",
    "qwertyuiopas",     "qwertyuiopasdfghjkl", "qwertyuiopasdfghjklzxcvbnm",
    "secret123456",     "starwars1234",        "sunshine1234",
    "superman1234",     "temppassword",        "test12345678",
    "testtesttest",     "trustno1trustno1",    "welcome12345",
    "welcome123456",    "whatever1234",        "zaq12wsxcde3",
    "zxcvbnmasdfg",     "zxcvbnm12345",
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool is_word(struct span password, const char *word)
{
    bool same = strlen(word) == password.len;
    for (size_t i = 0; same && i < password.len; i++) {
        same = lower(password.data[i]) == (uint8_t)word[i];
    }
    return same;
}

/* One byte, or two in turn, all the way. */
static bool is_monotonous(struct span password)
{
    bool same = true;
    for (size_t i = 2; same && i < password.len; i++) {
        same = password.data[i] == password.data[i - 2];
    }
    return same;
}

bool password_is_strong(struct span password)
{
    bool good = password.len >= PASSWORD_MIN && password.len <= PASSWORD_MAX && span_is_utf8(password) &&
                !is_monotonous(password);
    for (size_t i = 0; good && i < sizeof guessed_first / sizeof *guessed_first; i++) {
        good = !is_word(password, guessed_first[i]);
    }
    return good;
}

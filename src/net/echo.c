/* Notices replies that go round in circles between two servers.
 *
 * Runs of one text are kept in a set-associative table with a random hash key. Its size is
 * fixed: a run that is pushed out of it begins again, which only lengthens the loop by one run. */
#include "net/echo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "socklens/random.h"

/* As many loops at once as this holds are each noticed; a receive buffer holds fewer datagrams. */
#define SETS 4096u
#define WAYS 4u

#define LASTS     4096u /* clients whose last reply is known */
#define EDGE_SIZE 16u   /* bytes of a reply's beginning and end that are kept */
#define WRAPPED   2     /* instead of a text */

struct sl_echo_last {
    uint64_t client; /* 0: none */
    uint8_t head[EDGE_SIZE], tail[EDGE_SIZE];
};

struct sl_echo_run {
    uint64_t tag;    /* of client and text; 0: never used */
    int64_t seen_ns; /* its latest round */
    uint64_t rounds; /* over SL_ECHO_RUN_MAX: held since seen_ns */
};

int sl_echo_guard_init(struct sl_echo_guard *guard)
{
    guard->hash_key = sl_random_key();
    guard->runs = calloc(SETS * WAYS, sizeof(*guard->runs));
    guard->lasts = calloc(LASTS, sizeof(*guard->lasts));
    return guard->runs && guard->lasts ? 0 : -ENOMEM;
}

void sl_echo_guard_deinit(struct sl_echo_guard *guard)
{
    free(guard->runs);
    free(guard->lasts);
}

static uint64_t hash_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
    return hash ^ hash >> 29;
}

static uint64_t hash_text(uint64_t hash, const uint8_t *text, size_t size)
{
    uint64_t word = 0;

    hash = hash_mix(hash, size);
    for (; size > sizeof(word); text += sizeof(word), size -= sizeof(word)) {
        memcpy(&word, text, sizeof(word));
        hash = hash_mix(hash, word);
    }
    word = 0;
    if (size > 0)
        memcpy(&word, text, size);
    return hash_mix(hash_mix(hash, word), 1) | 1;
}

static bool run_is_over(const struct sl_echo_run *run, int64_t now_mono_ns)
{
    return now_mono_ns - run->seen_ns >=
           (run->rounds > SL_ECHO_RUN_MAX ? SL_ECHO_HOLD_NS : SL_ECHO_PAUSE_NS);
}

/* Where all places are taken the shortest run gives way: the longer ones are nearer to their end.
 */
static struct sl_echo_run *guard_find_run(struct sl_echo_guard *guard, uint64_t hash,
                                          int64_t now_mono_ns)
{
    /* Not by the lowest bit, which is set in every tag. */
    struct sl_echo_run *set = &guard->runs[(hash >> 32) % SETS * WAYS];
    struct sl_echo_run *shortest = set;

    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].tag == hash)
            return &set[i];
        if (run_is_over(&set[i], now_mono_ns))
            set[i].rounds = 0;
        if (set[i].rounds < shortest->rounds)
            shortest = &set[i];
    }
    *shortest = (struct sl_echo_run){.tag = hash};
    return shortest;
}

static bool guard_admit(struct sl_echo_guard *guard, uint64_t hash, int64_t now_mono_ns)
{
    struct sl_echo_run *run = guard_find_run(guard, hash, now_mono_ns);

    if (run_is_over(run, now_mono_ns))
        run->rounds = 0;
    if (run->rounds > SL_ECHO_RUN_MAX)
        return false;
    if (run->seen_ns != now_mono_ns)
        run->rounds++;
    run->seen_ns = now_mono_ns;
    return run->rounds <= SL_ECHO_RUN_MAX;
}

bool sl_echo_guard_admit(struct sl_echo_guard *guard, uint64_t client, const uint8_t *text,
                         size_t size, int64_t now_mono_ns)
{
    return guard_admit(guard, hash_text(hash_mix(guard->hash_key, client), text, size),
                       now_mono_ns);
}

bool sl_echo_guard_admit_other(struct sl_echo_guard *guard, uint64_t client, const uint8_t *text,
                               size_t size, const uint8_t *reply, size_t reply_size,
                               int64_t now_mono_ns)
{
    uint64_t hash = hash_mix(guard->hash_key, client);
    struct sl_echo_last *last = &guard->lasts[(hash >> 32) % LASTS];
    bool wrapped = last->client == client && memmem(text, size, last->head, EDGE_SIZE) &&
                   memmem(text, size, last->tail, EDGE_SIZE);

    last->client = reply_size >= EDGE_SIZE ? client : 0;
    if (last->client) {
        memcpy(last->head, reply, EDGE_SIZE);
        memcpy(last->tail, reply + reply_size - EDGE_SIZE, EDGE_SIZE);
    }
    return !wrapped || guard_admit(guard, hash_mix(hash, WRAPPED) | 1, now_mono_ns);
}

/* A rate limit for wrong tokens, with places for the answers that wait. */
#include "httpd/guesses.h"

int sl_guesses_init(struct sl_guesses *guesses, size_t waiting_max)
{
    *guesses = (struct sl_guesses){.waiting_max = waiting_max};
    return sl_rate_limit_init(&guesses->rate, SL_GUESSES_PER_S);
}

void sl_guesses_deinit(struct sl_guesses *guesses)
{
    sl_rate_limit_deinit(&guesses->rate);
}

int64_t sl_guesses_take(struct sl_guesses *guesses, const struct sl_address *peer,
                        int64_t now_mono_ns)
{
    int64_t max_ns = guesses->waiting < guesses->waiting_max ? SL_GUESSES_WAIT_MAX : 0, wait_ns;

    atomic_fetch_add(&guesses->count, 1);
    if (!sl_rate_limit_take(&guesses->rate, peer, now_mono_ns, max_ns, &wait_ns))
        return -1;
    guesses->waiting += wait_ns > 0;
    return wait_ns;
}

void sl_guesses_release(struct sl_guesses *guesses)
{
    guesses->waiting--;
}

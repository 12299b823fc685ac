/* Where the server's own test datagrams come from.
 *
 * One is announced for one datagram, and taken by the worker that reads it: the port may be
 * somebody else's a moment later. What nobody reads (the kernel dropped it, or it went elsewhere)
 * expires. */
#include "journal/registry.h"

#define EXPECTED_NS (5 * SL_NS_PER_S)

void sl_registry_expect_test(struct sl_registry *registry, const struct sl_address *from)
{
    struct test_sources *sources = &registry->tests;
    int64_t until = sl_clock_mono_ns() + EXPECTED_NS;

    pthread_mutex_lock(&sources->lock);
    sources->items[sources->next] = (struct test_source){.from = *from, .until_mono_ns = until};
    sources->next = (sources->next + 1) % TEST_SOURCES_MAX;
    atomic_store(&sources->until_mono_ns, until);
    pthread_mutex_unlock(&sources->lock);
}

bool sl_registry_take_test(struct sl_registry *registry, const struct sl_address *from)
{
    struct test_sources *sources = &registry->tests;
    int64_t now, until = atomic_load_explicit(&sources->until_mono_ns, memory_order_acquire);
    bool found = false;

    if (until == 0)
        return false;
    now = sl_clock_mono_ns();
    if (now >= until) {
        atomic_compare_exchange_strong(&sources->until_mono_ns, &until, 0);
        return false;
    }
    pthread_mutex_lock(&sources->lock);
    for (size_t i = 0; i < TEST_SOURCES_MAX && !found; i++) {
        struct test_source *source = &sources->items[i];

        found = now < source->until_mono_ns && sl_address_equal(&source->from, from);
        if (found)
            source->until_mono_ns = 0;
    }
    pthread_mutex_unlock(&sources->lock);
    return found;
}

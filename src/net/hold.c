/* See hold.h. */
#include "net/hold.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "net/net.h"

void sl_hold_init(struct sl_hold *hold, int epoll_fd, size_t bytes_max)
{
    *hold = (struct sl_hold){
        .kind = SL_SOURCE_TIMER, .timer_fd = -1, .epoll_fd = epoll_fd, .bytes_max = bytes_max};
}

void sl_hold_deinit(struct sl_hold *hold)
{
    if (hold->timer_fd >= 0)
        close(hold->timer_fd);
    free(hold->heap);
}

static bool item_is_before(const struct sl_hold_item *a, const struct sl_hold_item *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void hold_put(struct sl_hold *hold, struct sl_hold_item *item, size_t place)
{
    hold->heap[place] = item;
    item->place = place;
}

static void hold_sift_up(struct sl_hold *hold, struct sl_hold_item *item)
{
    size_t place = item->place;

    while (place > 0 && item_is_before(item, hold->heap[(place - 1) / 2])) {
        hold_put(hold, hold->heap[(place - 1) / 2], place);
        place = (place - 1) / 2;
    }
    hold_put(hold, item, place);
}

static void hold_sift_down(struct sl_hold *hold, struct sl_hold_item *item)
{
    size_t place = item->place, child;

    while ((child = 2 * place + 1) < hold->count) {
        if (child + 1 < hold->count && item_is_before(hold->heap[child + 1], hold->heap[child]))
            child++;
        if (!item_is_before(hold->heap[child], item))
            break;
        hold_put(hold, hold->heap[child], place);
        place = child;
    }
    hold_put(hold, item, place);
}

/* The first item needs the timer and its place in epoll. */
static int hold_make_timer(struct sl_hold *hold)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = hold};
    int error;

    if (hold->timer_fd >= 0)
        return 0;
    hold->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (hold->timer_fd < 0)
        return -errno;
    if (epoll_ctl(hold->epoll_fd, EPOLL_CTL_ADD, hold->timer_fd, &event) == 0)
        return 0;
    error = -errno;
    close(hold->timer_fd);
    hold->timer_fd = -1;
    return error;
}

static int hold_make_room(struct sl_hold *hold)
{
    size_t capacity = hold->capacity ? 2 * hold->capacity : 64;
    struct sl_hold_item **heap;

    if (hold->count < hold->capacity)
        return 0;
    heap = reallocarray(hold->heap, capacity, sizeof(*heap));
    if (!heap)
        return -ENOMEM;
    hold->heap = heap;
    hold->capacity = capacity;
    return 0;
}

int sl_hold_add(struct sl_hold *hold, struct sl_hold_item *item, size_t bytes, int64_t due_ns)
{
    int error;

    bytes += SL_HOLD_OVERHEAD;
    if (hold->count == SL_HOLD_ITEMS_MAX || bytes > hold->bytes_max ||
        hold->bytes > hold->bytes_max - bytes)
        return -ENOBUFS;
    error = hold_make_room(hold);
    if (error == 0)
        error = hold_make_timer(hold);
    if (error != 0)
        return error;
    *item = (struct sl_hold_item){
        .due_ns = due_ns, .order = hold->order++, .place = hold->count++, .bytes = bytes};
    hold->bytes += bytes;
    hold_sift_up(hold, item);
    return 0;
}

void sl_hold_move(struct sl_hold *hold, struct sl_hold_item *item, int64_t due_ns)
{
    item->due_ns = due_ns;
    hold_sift_up(hold, item);
    hold_sift_down(hold, item);
}

struct sl_hold_item *sl_hold_take(struct sl_hold *hold, int64_t now_ns)
{
    struct sl_hold_item *first = hold->count > 0 ? hold->heap[0] : NULL, *last;

    if (!first || first->due_ns > now_ns)
        return NULL;
    last = hold->heap[--hold->count];
    if (last != first) {
        last->place = 0;
        hold_sift_down(hold, last);
    }
    hold->bytes -= first->bytes;
    return first;
}

void sl_hold_arm(struct sl_hold *hold)
{
    int64_t due_ns = hold->count > 0 ? hold->heap[0]->due_ns : 0;
    struct itimerspec when = {
        .it_value = {.tv_sec = due_ns / SL_NS_PER_S, .tv_nsec = due_ns % SL_NS_PER_S}};

    /* A time that is over fires at once; 0 is no time and disarms. */
    if (hold->timer_fd >= 0)
        timerfd_settime(hold->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Messages that are held until a time, for one worker.
 *
 * A binary heap in the order of due times, and of arrival where those are equal. One timerfd a
 * worker, made when the first message is held: epoll_wait(2) counts in milliseconds, which is too
 * coarse for a delay. */
#ifndef SOCKLENS_NET_HOLD_H
#define SOCKLENS_NET_HOLD_H

#include <stddef.h>
#include <stdint.h>

#define SL_HOLD_ITEMS_MAX 65536u
#define SL_HOLD_OVERHEAD  24u /* bytes that each item counts besides its own: heap and malloc(3) */

struct sl_hold_item {
    int64_t due_ns; /* monotonic */
    uint64_t order;
    size_t place; /* in the heap */
    size_t bytes;
};

struct sl_hold {
    uint8_t kind; /* SL_SOURCE_TIMER: epoll's pointer for the timer */
    int timer_fd; /* -1: not yet made */
    int epoll_fd;
    struct sl_hold_item **heap;
    size_t count, capacity;
    size_t bytes, bytes_max;
    uint64_t order;
};

void sl_hold_init(struct sl_hold *hold, int epoll_fd, size_t bytes_max);

/* What is still held is its owner's. */
void sl_hold_deinit(struct sl_hold *hold);

/* Holds an item of `bytes` until `due_ns`. 0; -ENOBUFS where that would be over the bound, -ENOMEM
 * or the errno of the timer: then it is not held. */
int sl_hold_add(struct sl_hold *hold, struct sl_hold_item *item, size_t bytes, int64_t due_ns);

/* Changes when an item is due. */
void sl_hold_move(struct sl_hold *hold, struct sl_hold_item *item, int64_t due_ns);

/* Takes the next item that is due by `now_ns` (INT64_MAX: any); NULL where none is. */
struct sl_hold_item *sl_hold_take(struct sl_hold *hold, int64_t now_ns);

/* Sets the timer to the next item. After adding, moving or taking. */
void sl_hold_arm(struct sl_hold *hold);

#endif

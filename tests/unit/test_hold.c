#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "net/hold.h"
#include "socklens/clock.h"

struct fixture {
    struct sl_hold hold;
    int epoll_fd;
};

static struct fixture begin(size_t bytes_max)
{
    struct fixture fixture = {.epoll_fd = epoll_create1(0)};

    sl_hold_init(&fixture.hold, fixture.epoll_fd, bytes_max);
    return fixture;
}

static void end(struct fixture *fixture)
{
    sl_hold_deinit(&fixture->hold);
    close(fixture->epoll_fd);
}

TEST(items_leave_in_the_order_of_their_times)
{
    struct fixture fixture = begin(1u << 30);
    static struct sl_hold_item items[2000];
    struct sl_hold_item *before = NULL, *item;
    size_t count = 0;

    srand(1);
    for (size_t i = 0; i < COUNT_OF(items); i++)
        assert_int_equal(sl_hold_add(&fixture.hold, &items[i], 1, rand() % 100), 0);
    for (size_t i = 0; i < COUNT_OF(items); i += 3)
        sl_hold_move(&fixture.hold, &items[i], rand() % 100);
    while ((item = sl_hold_take(&fixture.hold, 1000))) {
        if (before)
            assert_true(before->due_ns < item->due_ns ||
                        (before->due_ns == item->due_ns && before->order < item->order));
        before = item;
        count++;
    }
    assert_int_equal(count, COUNT_OF(items));
    assert_int_equal(fixture.hold.bytes, 0);
    end(&fixture);
}

TEST(nothing_leaves_before_its_time)
{
    struct fixture fixture = begin(1000);
    struct sl_hold_item item;

    assert_int_equal(sl_hold_add(&fixture.hold, &item, 1, 10), 0);
    assert_null(sl_hold_take(&fixture.hold, 9));
    assert_ptr_equal(sl_hold_take(&fixture.hold, 10), &item);
    assert_null(sl_hold_take(&fixture.hold, INT64_MAX));
    end(&fixture);
}

TEST(what_is_held_has_a_bound)
{
    struct fixture fixture = begin(2 * SL_HOLD_OVERHEAD + 100);
    struct sl_hold_item items[3];

    assert_int_equal(sl_hold_add(&fixture.hold, &items[0], 50, 1), 0);
    assert_int_equal(sl_hold_add(&fixture.hold, &items[1], 51, 1), -ENOBUFS);
    assert_int_equal(sl_hold_add(&fixture.hold, &items[1], 50, 1), 0);
    assert_int_equal(sl_hold_add(&fixture.hold, &items[2], 0, 1), -ENOBUFS);
    assert_non_null(sl_hold_take(&fixture.hold, 1));
    assert_int_equal(sl_hold_add(&fixture.hold, &items[2], 0, 1), 0);
    end(&fixture);
}

TEST(the_timer_wakes_for_the_next_item)
{
    struct fixture fixture = begin(1000);
    struct sl_hold_item item;
    struct epoll_event event;

    assert_int_equal(sl_hold_add(&fixture.hold, &item, 1, sl_clock_mono_ns() + 60 * SL_NS_PER_S),
                     0);
    sl_hold_arm(&fixture.hold);
    assert_int_equal(epoll_wait(fixture.epoll_fd, &event, 1, 0), 0);
    sl_hold_move(&fixture.hold, &item, sl_clock_mono_ns() + 20 * SL_NS_PER_MS);
    sl_hold_arm(&fixture.hold);
    assert_int_equal(epoll_wait(fixture.epoll_fd, &event, 1, 20000), 1);
    assert_ptr_equal(event.data.ptr, &fixture.hold);
    assert_ptr_equal(sl_hold_take(&fixture.hold, sl_clock_mono_ns()), &item);
    end(&fixture);
}

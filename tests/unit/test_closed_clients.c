#include "unit.h"

#include "journal/registry.h"

static void add(struct closed_clients *closed, uint64_t id)
{
    struct sl_client_view view = {.id = id, .closed_at_ns = (int64_t)id * 10};
    sl_closed_clients_add(closed, &view);
}

/* Reads all from `place` to before `end` in steps of `step`; returns how many there were. */
static size_t read_all(struct closed_clients *closed, uint64_t end, size_t step, uint64_t *first_id)
{
    struct sl_client_view views[8];
    uint64_t place = 0, expected = 0;
    size_t total = 0, count;
    while ((count = sl_closed_clients_read(closed, &place, end, views, step)) > 0) {
        for (size_t i = 0; i < count; i++) {
            if (total + i == 0)
                *first_id = expected = views[0].id;
            assert_int_equal(views[i].id, expected++);
        }
        total += count;
    }
    return total;
}

TEST(the_oldest_leave_first)
{
    struct closed_clients closed = {0};
    assert_int_equal(sl_closed_clients_init(&closed, 5), 0);
    for (uint64_t id = 1; id <= 23; id++) {
        add(&closed, id);
        assert_int_equal(sl_closed_clients_total(&closed), id);
        for (uint64_t asked = 0; asked <= id + 1; asked++) {
            struct sl_client_view view = {.id = 777};
            bool there = asked > 0 && asked <= id && asked + 5 > id;
            assert_int_equal(sl_closed_clients_get(&closed, asked, &view), there);
            assert_int_equal(view.id, there ? asked : 777);
        }
    }
    sl_closed_clients_deinit(&closed);
}

TEST(closed_clients_are_read_in_steps_up_to_an_end)
{
    struct closed_clients closed = {0};
    assert_int_equal(sl_closed_clients_init(&closed, 5), 0);
    uint64_t first = 0;
    assert_int_equal(read_all(&closed, 0, 3, &first), 0);
    for (uint64_t id = 1; id <= 3; id++)
        add(&closed, id);
    assert_int_equal(read_all(&closed, 3, 2, &first), 3);
    assert_int_equal(first, 1);
    assert_int_equal(read_all(&closed, 2, 8, &first), 2);
    for (uint64_t id = 4; id <= 12; id++)
        add(&closed, id);
    for (size_t step = 1; step <= 8; step++) {
        assert_int_equal(read_all(&closed, 12, step, &first), 5);
        assert_int_equal(first, 8);
    }
    /* What the end allows was pushed out meanwhile. */
    assert_int_equal(read_all(&closed, 7, 3, &first), 0);
    assert_int_equal(read_all(&closed, 8, 3, &first), 1);
    sl_closed_clients_deinit(&closed);
}

TEST(what_is_pushed_out_during_a_read_is_passed_over)
{
    struct closed_clients closed = {0};
    struct sl_client_view views[8];
    assert_int_equal(sl_closed_clients_init(&closed, 5), 0);
    for (uint64_t id = 1; id <= 5; id++)
        add(&closed, id);
    uint64_t place = 0;
    assert_int_equal(sl_closed_clients_read(&closed, &place, 5, views, 2), 2);
    for (uint64_t id = 6; id <= 9; id++)
        add(&closed, id);
    assert_int_equal(sl_closed_clients_read(&closed, &place, 5, views, 8), 1);
    assert_int_equal(views[0].id, 5);
    assert_int_equal(sl_closed_clients_read(&closed, &place, 5, views, 8), 0);
    sl_closed_clients_deinit(&closed);
}

TEST(changed_come_newest_first)
{
    struct closed_clients closed = {0};
    struct sl_client_view views[8];
    assert_int_equal(sl_closed_clients_init(&closed, 5), 0);
    assert_int_equal(sl_closed_clients_changed(&closed, 0, views, 8), 0);
    for (uint64_t id = 1; id <= 7; id++)
        add(&closed, id);
    assert_int_equal(sl_closed_clients_changed(&closed, 0, views, 8), 5);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(views[i].id, 7 - i);
    assert_int_equal(sl_closed_clients_changed(&closed, 60, views, 8), 2);
    assert_int_equal(sl_closed_clients_changed(&closed, 61, views, 8), 1);
    assert_int_equal(sl_closed_clients_changed(&closed, 71, views, 8), 0);
    views[1].id = 777;
    assert_int_equal(sl_closed_clients_changed(&closed, 0, views, 1), 5);
    assert_int_equal(views[0].id, 7);
    assert_int_equal(views[1].id, 777);
    sl_closed_clients_deinit(&closed);
}

TEST(capacity_of_zero_keeps_one_client)
{
    struct closed_clients closed = {0};
    struct sl_client_view view;
    assert_int_equal(sl_closed_clients_init(&closed, 0), 0);
    add(&closed, 1);
    add(&closed, 2);
    assert_false(sl_closed_clients_get(&closed, 1, &view));
    assert_true(sl_closed_clients_get(&closed, 2, &view));
    sl_closed_clients_deinit(&closed);
}

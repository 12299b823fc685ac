#include "unit.h"

#include "journal/registry.h"

static void add(struct history *history, uint64_t id)
{
    struct sl_client_view view = {.id = id, .closed_at_ns = (int64_t)id * 10};
    sl_history_add(history, &view);
}

/* Reads all from `place` to before `end` in steps of `step`; returns how many there were. */
static size_t read_all(struct history *history, uint64_t end, size_t step, uint64_t *first_id)
{
    struct sl_client_view views[8];
    uint64_t place = 0, expected = 0;
    size_t total = 0, count;
    while ((count = sl_history_read(history, &place, end, views, step)) > 0) {
        for (size_t i = 0; i < count; i++) {
            if (total + i == 0)
                *first_id = expected = views[0].id;
            assert_int_equal(views[i].id, expected++);
        }
        total += count;
    }
    return total;
}

static void the_oldest_leave_first(void **state)
{
    (void)state;
    struct history history = {0};
    assert_int_equal(sl_history_init(&history, 5), 0);
    for (uint64_t id = 1; id <= 23; id++) {
        add(&history, id);
        assert_int_equal(sl_history_total(&history), id);
        for (uint64_t asked = 0; asked <= id + 1; asked++) {
            struct sl_client_view view = {.id = 777};
            bool there = asked > 0 && asked <= id && asked + 5 > id;
            assert_int_equal(sl_history_get(&history, asked, &view), there);
            assert_int_equal(view.id, there ? asked : 777);
        }
    }
    sl_history_deinit(&history);
}

static void it_reads_in_steps_up_to_an_end(void **state)
{
    (void)state;
    struct history history = {0};
    assert_int_equal(sl_history_init(&history, 5), 0);
    uint64_t first = 0;
    assert_int_equal(read_all(&history, 0, 3, &first), 0);
    for (uint64_t id = 1; id <= 3; id++)
        add(&history, id);
    assert_int_equal(read_all(&history, 3, 2, &first), 3);
    assert_int_equal(first, 1);
    assert_int_equal(read_all(&history, 2, 8, &first), 2);
    for (uint64_t id = 4; id <= 12; id++)
        add(&history, id);
    for (size_t step = 1; step <= 8; step++) {
        assert_int_equal(read_all(&history, 12, step, &first), 5);
        assert_int_equal(first, 8);
    }
    /* What the end allows was pushed out meanwhile. */
    assert_int_equal(read_all(&history, 7, 3, &first), 0);
    assert_int_equal(read_all(&history, 8, 3, &first), 1);
    sl_history_deinit(&history);
}

static void what_is_pushed_out_during_a_read_is_passed_over(void **state)
{
    (void)state;
    struct history history = {0};
    struct sl_client_view views[8];
    assert_int_equal(sl_history_init(&history, 5), 0);
    for (uint64_t id = 1; id <= 5; id++)
        add(&history, id);
    uint64_t place = 0;
    assert_int_equal(sl_history_read(&history, &place, 5, views, 2), 2);
    for (uint64_t id = 6; id <= 9; id++)
        add(&history, id);
    assert_int_equal(sl_history_read(&history, &place, 5, views, 8), 1);
    assert_int_equal(views[0].id, 5);
    assert_int_equal(sl_history_read(&history, &place, 5, views, 8), 0);
    sl_history_deinit(&history);
}

static void changed_come_newest_first(void **state)
{
    (void)state;
    struct history history = {0};
    struct sl_client_view views[8];
    assert_int_equal(sl_history_init(&history, 5), 0);
    assert_int_equal(sl_history_changed(&history, 0, views, 8), 0);
    for (uint64_t id = 1; id <= 7; id++)
        add(&history, id);
    assert_int_equal(sl_history_changed(&history, 0, views, 8), 5);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(views[i].id, 7 - i);
    assert_int_equal(sl_history_changed(&history, 60, views, 8), 2);
    assert_int_equal(sl_history_changed(&history, 61, views, 8), 1);
    assert_int_equal(sl_history_changed(&history, 71, views, 8), 0);
    views[1].id = 777;
    assert_int_equal(sl_history_changed(&history, 0, views, 1), 5);
    assert_int_equal(views[0].id, 7);
    assert_int_equal(views[1].id, 777);
    sl_history_deinit(&history);
}

static void even_none_asked_for_is_one(void **state)
{
    (void)state;
    struct history history = {0};
    struct sl_client_view view;
    assert_int_equal(sl_history_init(&history, 0), 0);
    add(&history, 1);
    add(&history, 2);
    assert_false(sl_history_get(&history, 1, &view));
    assert_true(sl_history_get(&history, 2, &view));
    sl_history_deinit(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_leave_first),
        cmocka_unit_test(it_reads_in_steps_up_to_an_end),
        cmocka_unit_test(what_is_pushed_out_during_a_read_is_passed_over),
        cmocka_unit_test(changed_come_newest_first),
        cmocka_unit_test(even_none_asked_for_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

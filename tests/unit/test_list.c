#include "unit.h"

#include "socklens/list.h"

struct item {
    int number;
    struct sl_link link;
};

static void assert_numbers(const struct sl_list *list, const int *numbers, size_t count)
{
    const struct sl_link *last = NULL;
    size_t i = 0;

    for (struct sl_link *link = list->first; link; link = link->next, i++) {
        assert_in_range(i, 0, count - 1);
        assert_int_equal(SL_LINKED(link, struct item, link)->number, numbers[i]);
        assert_ptr_equal(link->previous, last);
        last = link;
    }
    assert_int_equal(i, count);
    assert_ptr_equal(list->last, last);
}

TEST(keeps_the_order)
{
    struct item items[] = {{.number = 1}, {.number = 2}, {.number = 3}};
    struct sl_list list = {0};

    for (size_t i = 0; i < 3; i++)
        sl_list_append(&list, &items[i].link);
    assert_numbers(&list, (int[]){1, 2, 3}, 3);
    sl_list_remove(&list, &items[1].link);
    assert_numbers(&list, (int[]){1, 3}, 2);
    sl_list_append(&list, &items[1].link);
    assert_numbers(&list, (int[]){1, 3, 2}, 3);
}

TEST(empties_from_either_end)
{
    struct item items[] = {{.number = 1}, {.number = 2}};
    struct sl_list list = {0};

    sl_list_append(&list, &items[0].link);
    sl_list_append(&list, &items[1].link);
    sl_list_remove(&list, &items[1].link);
    sl_list_remove(&list, &items[0].link);
    assert_null(list.first);
    assert_null(list.last);
    assert_null(SL_LINKED(list.first, struct item, link));
}

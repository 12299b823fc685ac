#include "unit.h"

#include <errno.h>
#include <unistd.h>

#include "socklens/folder.h"

static void tells_where_files_can_be_made(void **state)
{
    (void)state;
    assert_int_equal(sl_folder_check("/tmp/file"), 0);
    assert_int_equal(sl_folder_check("/tmp/"), 0);
    assert_int_equal(sl_folder_check("/no/such/folder/file"), -ENOENT);
    assert_int_equal(sl_folder_check("/proc/self/status/file"), -ENOTDIR);
}

static void takes_the_working_directory_where_the_path_has_no_folder(void **state)
{
    (void)state;
    assert_int_equal(chdir("/tmp"), 0);
    assert_int_equal(sl_folder_check("file"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_where_files_can_be_made),
        cmocka_unit_test(takes_the_working_directory_where_the_path_has_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include <errno.h>
#include <unistd.h>

#include "socklens/folder.h"

TEST(tells_where_files_can_be_made)
{
    assert_int_equal(sl_folder_check("/tmp/file"), 0);
    assert_int_equal(sl_folder_check("/tmp/"), 0);
    assert_int_equal(sl_folder_check("/no/such/folder/file"), -ENOENT);
    assert_int_equal(sl_folder_check("/proc/self/status/file"), -ENOTDIR);
}

TEST(takes_the_working_directory_where_the_path_has_no_folder)
{
    assert_int_equal(chdir("/tmp"), 0);
    assert_int_equal(sl_folder_check("file"), 0);
}

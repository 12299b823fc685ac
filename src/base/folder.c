/* Checks before anything is opened that files can be made beside a path: SQLite needs a WAL and
 * a shared memory file in the database's folder. */
#include "socklens/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int sl_folder_check(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int result = !folder ? -ENOMEM : access(folder, W_OK | X_OK) < 0 ? -errno : 0;

    free(folder);
    return result;
}

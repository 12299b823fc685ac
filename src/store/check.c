/* Whether a log could be kept in a file, without touching it: it may be another server's now. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socklens/folder.h"
#include "store/database.h"
#include "store/files.h"
#include "store/schema.h"
#include "store/store.h"

static int check_fail(const char *path, int code, struct sl_error *error)
{
    return sl_error_set(error, -code, "cannot keep the log in %s: %s", path, strerror(code));
}

/* Whose database it is. One that is damaged is moved aside at the start. It is read without its
 * WAL: reading that would create files beside it. What only the WAL holds is not seen. */
static int check_content(const char *path, struct sl_error *error)
{
    enum sl_schema schema = SL_SCHEMA_READY;
    char *name = NULL;
    sqlite3 *db = NULL;
    int result = 0;

    if (!strpbrk(path, "%?#")) /* that would have to be escaped in a URI */
        name = sqlite3_mprintf("file:%s?immutable=1", path);
    if (name &&
        sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) == SQLITE_OK &&
        sl_schema_look(db, &schema) == SQLITE_OK && schema != SL_SCHEMA_READY)
        result = sl_schema_refuse(path, schema, error);
    sqlite3_free(name);
    sqlite3_close(db);
    return result;
}

/* What passes by itself, as a file system that is read-only for now, does not keep the server from
 * starting. */
static int check_resolved(const char *path, struct sl_error *error)
{
    struct stat status;
    bool exists = stat(path, &status) == 0;
    int result;

    if (!exists && errno != ENOENT)
        return check_fail(path, errno, error);
    if (exists && !S_ISREG(status.st_mode))
        return check_fail(path, S_ISDIR(status.st_mode) ? EISDIR : EINVAL, error);
    if (exists && access(path, R_OK | W_OK) < 0 && !sl_files_may_pass(errno))
        return check_fail(path, errno, error);
    result = sl_folder_check(path); /* PATH.lock, the WAL and its index are made there */
    if (result < 0 && !sl_files_may_pass(-result))
        return check_fail(path, -result, error);
    return exists ? check_content(path, error) : 0;
}

int sl_store_check(const char *path, struct sl_error *error)
{
    char *resolved = sl_files_resolve(path, error);
    int result;

    sl_database_init();
    if (!resolved)
        return -ENOENT;
    result = check_resolved(resolved, error);
    free(resolved);
    return result;
}

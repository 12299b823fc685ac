/* The files beside the log: its lock, its WAL, the reserve of disk space, and what is set aside.
 *
 * SQLite looks at the WAL only as it opens, so what must be known before (whether it is another
 * file's, where its last commit ends) is read here, by its file format
 * (https://www.sqlite.org/fileformat2.html, section 4). */
#include "store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "socklens/clock.h"

#define WAL_PART 16 /* of the file system */

static bool files_beside(char out[PATH_MAX], const char *path, const char *suffix)
{
    return snprintf(out, PATH_MAX, "%s%s", path, suffix) < PATH_MAX;
}

static char *files_resolve_in_folder(const char *path)
{
    char *for_folder = strdup(path), *for_name = strdup(path);
    char *folder = for_folder ? realpath(dirname(for_folder), NULL) : NULL;
    char *resolved = NULL;

    if (folder && for_name && asprintf(&resolved, "%s/%s", folder, basename(for_name)) < 0)
        resolved = NULL;
    free(folder);
    free(for_folder);
    free(for_name);
    return resolved;
}

char *sl_files_resolve(const char *path, struct sl_error *error)
{
    char *resolved = realpath(path, NULL);

    if (!resolved && errno == ENOENT)
        resolved = files_resolve_in_folder(path);
    if (!resolved)
        sl_error_set(error, -errno, "cannot keep the log in %s: %s", path, strerror(errno));
    else if (strlen(resolved) + 64 > PATH_MAX)
        sl_error_set(error, -ENAMETOOLONG, "cannot keep the log in %s: the path is too long", path);
    else
        return resolved;
    free(resolved);
    return NULL;
}

static int files_refuse(int fd, const char *path, int code, struct sl_error *error)
{
    char holder[24]; /* its process id, as it wrote itself */
    ssize_t size;

    if (code != EWOULDBLOCK)
        return sl_error_set(error, -code, "cannot lock the log %s: %s", path, strerror(code));
    size = pread(fd, holder, sizeof(holder) - 1, 0);
    holder[size > 0 ? size : 0] = '\0';
    holder[strspn(holder, "0123456789")] = '\0';
    return sl_error_set(error, -EBUSY,
                        "another socklens%s%s%s keeps its log in %s; try --store with another "
                        "file, or --store=memory",
                        *holder ? " (process " : "", holder, *holder ? ")" : "", path);
}

int sl_files_lock(const char *path, struct sl_error *error)
{
    char name[PATH_MAX];

    files_beside(name, path, ".lock");
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return sl_error_set(error, -errno, "cannot keep the log in %s: %s: %s", path, name,
                            strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int result = files_refuse(fd, path, errno, error);

        close(fd);
        return result;
    }
    if (ftruncate(fd, 0) == 0)
        dprintf(fd, "%d\n", (int)getpid());
    return fd;
}

int sl_files_lock_itself(const char *path, struct sl_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return sl_error_set(error, -errno, "cannot open the log %s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
        int result = files_refuse(fd, path, EWOULDBLOCK, error);

        close(fd);
        return result;
    }
    return fd; /* a file system without flock(2) has PATH.lock alone */
}

bool sl_files_may_pass(int code)
{
    return code == ENOSPC || code == EDQUOT || code == EFBIG || code == EROFS || code == EIO;
}

static void files_remove_beside(const char *path, const char *suffix)
{
    char name[PATH_MAX];

    if (files_beside(name, path, suffix))
        unlink(name);
}

static bool files_exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static uint64_t files_size_of(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static bool files_is_taken(const char *path)
{
    char wal[PATH_MAX];

    return files_exists(path) || (files_beside(wal, path, "-wal") && files_exists(wal));
}

/* A name that is free, with a number where two were set aside within one second. */
static void files_name_aside(char out[PATH_MAX], const char *path, const char *kind)
{
    time_t now = (time_t)(sl_clock_wall_ns() / SL_NS_PER_S);
    struct tm parts;
    char stamp[32];

    gmtime_r(&now, &parts);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &parts);
    snprintf(out, PATH_MAX, "%s.%s-%s", path, kind, stamp);
    for (int i = 2; files_is_taken(out) && i < 1000; i++)
        snprintf(out, PATH_MAX, "%s.%s-%s-%d", path, kind, stamp, i);
}

#define DEVICE_SHIFT 44 /* above the inode numbers of this world */

static uint64_t files_inode_of(const struct stat *status)
{
    return (uint64_t)status->st_ino ^ (uint64_t)status->st_dev << DEVICE_SHIFT;
}

uint64_t sl_files_inode(const char *path, const char *suffix)
{
    char name[PATH_MAX];
    struct stat status;

    return files_beside(name, path, suffix) && stat(name, &status) == 0 ? files_inode_of(&status)
                                                                        : 0;
}

uint64_t sl_files_inode_of(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 ? files_inode_of(&status) : 0;
}

bool sl_files_has_other_wal(const char *path, uint64_t inode)
{
    uint64_t found = sl_files_inode(path, "-wal");

    return found != 0 && found != inode;
}

void sl_files_remove(const char *path, const char *suffix, uint64_t inode)
{
    if (inode && sl_files_inode(path, suffix) == inode)
        files_remove_beside(path, suffix);
}

void sl_files_set_wal_aside(const char *path, struct sl_log *log)
{
    char from[PATH_MAX], name[PATH_MAX], aside[PATH_MAX];

    files_name_aside(name, path, "replaced");
    if (files_beside(from, path, "-wal") && files_size_of(from) > 0 &&
        files_beside(aside, name, "-wal") && rename(from, aside) == 0)
        sl_log_warning(log, "a WAL that is not of the log %s lay beside it: kept as %s", path,
                       aside);
}

/* SQLite would take a WAL that is left from another file for one of this. */
int sl_files_create(const char *path, struct sl_log *log)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST ? 0 : -errno;
    close(fd);
    sl_files_set_wal_aside(path, log);
    files_remove_beside(path, "-wal"); /* an empty one */
    files_remove_beside(path, "-shm");
    return 0;
}

/* -ESTALE where somebody has put another file there a moment ago, which stays. */
static int files_move_aside(const char *path, struct sl_files_id id, const char *kind,
                            const char *why, char aside[PATH_MAX], struct sl_log *log)
{
    char from[PATH_MAX], to[PATH_MAX];

    files_name_aside(aside, path, kind);
    if (rename(path, aside) < 0 && errno != ENOENT) {
        int code = errno;

        sl_log_error(log, "the log %s is %s (%s) and cannot be moved aside: %s", path, kind, why,
                     strerror(code));
        return -code;
    }
    if (files_exists(aside) && sl_files_inode(aside, "") != id.file) {
        renameat2(AT_FDCWD, aside, AT_FDCWD, path, RENAME_NOREPLACE);
        return -ESTALE;
    }
    /* The WAL keeps its name beside the file it belongs to, so that sqlite3 finds it there. */
    if (!files_beside(from, path, "-wal") || !files_beside(to, aside, "-wal") ||
        sl_files_inode(path, "-wal") != id.wal)
        return 0;
    if (files_size_of(from) > 0)
        rename(from, to);
    else
        unlink(from);
    files_remove_beside(path, "-shm");
    return 0;
}

int sl_files_set_aside(const char *path, struct sl_files_id id, const char *why, struct sl_log *log)
{
    char aside[PATH_MAX];
    int result = files_move_aside(path, id, "damaged", why, aside, log);

    if (result == 0)
        sl_log_warning(log, "the log %s is damaged (%s): moved to %s, a fresh one begins", path,
                       why, aside);
    return result;
}

int sl_files_set_other_aside(const char *path, struct sl_files_id id, const char *why,
                             struct sl_log *log)
{
    char aside[PATH_MAX];
    int result = files_move_aside(path, id, "replaced", why, aside, log);

    if (result == 0)
        sl_log_warning(log,
                       "the log %s was replaced by another one (%s): that is kept as %s, this "
                       "run's messages go into a fresh one; to go on with it, put it back while "
                       "no gateway runs",
                       path, why, aside);
    return result;
}

uint64_t sl_files_wal_size(const char *path)
{
    char wal[PATH_MAX];

    return files_beside(wal, path, "-wal") ? files_size_of(wal) : 0;
}

uint64_t sl_files_size(const char *path)
{
    return files_size_of(path) + sl_files_wal_size(path);
}

uint64_t sl_files_wal_max(const char *path)
{
    struct statvfs status;
    uint64_t part;

    if (statvfs(path, &status) < 0)
        return SL_FILES_WAL_MAX;
    part = (uint64_t)status.f_blocks * status.f_frsize / WAL_PART;
    return part < SL_FILES_WAL_MAX ? part : SL_FILES_WAL_MAX;
}

int sl_files_make_ballast(const char *path)
{
    off_t size = (off_t)(2 * sl_files_wal_max(path));
    char name[PATH_MAX];
    int fd, result;

    if (!files_beside(name, path, ".ballast"))
        return -ENAMETOOLONG;
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    /* Not posix_fallocate(3), which writes every block where the file system has no such call. */
    result = fallocate(fd, 0, 0, 2 * size) < 0 ? -errno : 0;
    if (ftruncate(fd, size) < 0 || result < 0)
        unlink(name);
    close(fd);
    return result;
}

void sl_files_drop_ballast(const char *path)
{
    files_remove_beside(path, ".ballast");
}

#define WAL_HEAD_SIZE   32u
#define FRAME_HEAD_SIZE 24u

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t little_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

/* By its own checksum, whose words are in the byte order that the last bit of the magic number
 * says. */
static bool wal_head_is_sound(const uint8_t head[WAL_HEAD_SIZE])
{
    uint32_t (*word)(const uint8_t *) = big_endian(head) & 1 ? big_endian : little_endian;
    uint32_t one = 0, two = 0;

    for (size_t i = 0; i < WAL_HEAD_SIZE - 8; i += 8) {
        one += word(head + i) + two;
        two += word(head + i + 4) + one;
    }
    return one == big_endian(head + 24) && two == big_endian(head + 28);
}

/* As the file itself says it. */
static uint32_t files_page_size(const char *path)
{
    uint8_t field[2] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return 0;
    ssize_t size = pread(fd, field, sizeof(field), 16);
    close(fd);
    uint32_t value = size == sizeof(field) ? (uint32_t)field[0] << 8 | field[1] : 0;
    return value == 1 ? 65536 : value;
}

/* Frames from before the WAL was restarted have another salt. Where the head is damaged, the salt
 * of the first frame counts. */
static uint64_t wal_last_commit(int fd, const char *path)
{
    uint8_t head[WAL_HEAD_SIZE], frame[FRAME_HEAD_SIZE], salt[8];
    uint64_t size, last = 0;

    if (pread(fd, head, sizeof(head), 0) != sizeof(head) ||
        pread(fd, frame, sizeof(frame), WAL_HEAD_SIZE) != sizeof(frame))
        return 0;
    bool sound = wal_head_is_sound(head);
    memcpy(salt, sound ? head + 16 : frame + 8, sizeof(salt));
    size = FRAME_HEAD_SIZE + (sound ? big_endian(head + 8) : files_page_size(path));
    if (size < FRAME_HEAD_SIZE + 512 || size > FRAME_HEAD_SIZE + 65536)
        return 0;
    for (uint64_t i = 0; pread(fd, frame, sizeof(frame), (off_t)(WAL_HEAD_SIZE + i * size)) ==
                         (ssize_t)sizeof(frame);
         i++) {
        if (memcmp(frame + 8, salt, sizeof(salt)) == 0 && big_endian(frame + 4) != 0)
            last = i + 1;
    }
    return last;
}

uint64_t sl_files_wal_last_commit(const char *path)
{
    char name[PATH_MAX];
    uint64_t last = 0;
    int fd = files_beside(name, path, "-wal") ? open(name, O_RDONLY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        last = wal_last_commit(fd, path);
        close(fd);
    }
    return last;
}

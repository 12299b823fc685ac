/* From one version of the tables to the next. */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "socklens/exchange.h"
#include "store/database.h"
#include "store/schema.h"

#define OLD_SQL                                                                                    \
    "CREATE TABLE services (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"                          \
    "CREATE TABLE transports (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"                        \
    "CREATE TABLE outcomes (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"                          \
    "CREATE TABLE closers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"                           \
    "CREATE TABLE close_reasons (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"                     \
    "CREATE TABLE messages (seq INTEGER PRIMARY KEY);"                                             \
    "CREATE TABLE runs (id INTEGER PRIMARY KEY);"                                                  \
    "CREATE TABLE listeners (id INTEGER PRIMARY KEY, transport INTEGER);"                          \
    "CREATE TABLE clients (id INTEGER PRIMARY KEY, listener INTEGER, refused INTEGER);"            \
    "CREATE VIEW client_log AS SELECT * FROM clients;"                                             \
    "INSERT INTO listeners VALUES (1, 0), (2, 1);"                                                 \
    "INSERT INTO clients VALUES (1, 1, 3), (2, 2, 4), (3, 2, NULL);"                               \
    "CREATE VIEW log AS SELECT * FROM messages;"                                                   \
    "INSERT INTO messages VALUES (17);"                                                            \
    "PRAGMA application_id = 1397507406; PRAGMA user_version = 1;"

struct fixture {
    char path[64];
    sqlite3 *db;
};

static int open_all(const char *path, sqlite3 **db)
{
    int code = sl_database_open(path, db);

    return code == SQLITE_OK ? sl_database_set_up(*db) : code;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    int fd;

    strcpy(fixture->path, "/tmp/socklens-schema-XXXXXX");
    fd = mkstemp(fixture->path);
    if (fd < 0)
        return -1;
    close(fd);
    *state = fixture;
    return open_all(fixture->path, &fixture->db);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char name[80];

    sqlite3_close(fixture->db);
    unlink(fixture->path);
    snprintf(name, sizeof(name), "%s-wal", fixture->path);
    unlink(name);
    snprintf(name, sizeof(name), "%s-shm", fixture->path);
    unlink(name);
    free(fixture);
    return 0;
}

static int64_t number(const struct fixture *fixture, const char *sql)
{
    int64_t found = -1;

    assert_int_equal(sl_database_number(fixture->db, sql, -1, &found), SQLITE_OK);
    return found;
}

static void exec(const struct fixture *fixture, const char *sql)
{
    assert_int_equal(sl_database_exec(fixture->db, sql), SQLITE_OK);
}

static void assert_version(const struct fixture *fixture, int version)
{
    assert_int_equal(number(fixture, "PRAGMA user_version"), version);
    assert_int_equal(number(fixture, "SELECT count(*) FROM sqlite_schema WHERE name = 'spans'"),
                     version >= 2);
    assert_int_equal(number(fixture,
                            "SELECT count(*) FROM pragma_table_info('messages') WHERE name = "
                            "'line_end'"),
                     version >= 2);
}

TEST_WITH(an_empty_file_gets_the_tables, set_up, tear_down)
{
    struct fixture *fixture = *state;
    enum sl_schema schema;

    assert_int_equal(sl_schema_look(fixture->db, &schema), SQLITE_OK);
    assert_int_equal(schema, SL_SCHEMA_READY);
    assert_int_equal(sl_schema_migrate(fixture->db), SQLITE_OK);
    assert_version(fixture, sl_schema_version());
    assert_int_equal(number(fixture, "SELECT count(*) FROM outcomes"), SL_OUTCOME_COUNT);
    assert_int_equal(sl_schema_migrate(fixture->db), SQLITE_OK); /* once is enough */
}

TEST_WITH(an_older_file_is_brought_up, set_up, tear_down)
{
    struct fixture *fixture = *state;

    exec(fixture, OLD_SQL);
    assert_version(fixture, 1);
    assert_int_equal(sl_schema_migrate(fixture->db), SQLITE_OK);
    assert_version(fixture, sl_schema_version());
    assert_int_equal(number(fixture, "SELECT seq FROM messages WHERE line_end = 0"), 17);
    /* Only datagrams can have been refused. */
    assert_int_equal(number(fixture, "SELECT refused * 10 + unanswered FROM clients WHERE id = 1"),
                     30);
    assert_int_equal(number(fixture, "SELECT refused * 10 + unanswered FROM clients WHERE id = 2"),
                     4);
    assert_int_equal(number(fixture, "SELECT count(*) FROM clients WHERE unanswered IS NULL"), 1);
}

TEST_WITH(a_failure_leaves_the_file_as_it_was, set_up, tear_down)
{
    struct fixture *fixture = *state;

    exec(fixture, OLD_SQL "DROP VIEW log; CREATE TABLE log (a)"); /* in the place of a view */
    assert_int_equal(sl_schema_migrate(fixture->db), SQLITE_ERROR);
    assert_version(fixture, 1);
    assert_int_equal(number(fixture, "SELECT seq FROM messages"), 17);
}

static int die(void *context)
{
    (void)context;
    raise(SIGKILL);
    return 0;
}

/* All is done but the commit. */
TEST_WITH(a_kill_leaves_the_file_as_it_was, set_up, tear_down)
{
    struct fixture *fixture = *state;
    int status;
    pid_t child;

    exec(fixture, OLD_SQL);
    sqlite3_close(fixture->db);
    fixture->db = NULL;
    child = fork();
    if (child == 0) {
        sqlite3 *db;

        if (open_all(fixture->path, &db) == SQLITE_OK) {
            sqlite3_commit_hook(db, die, NULL);
            sl_schema_migrate(db);
        }
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(open_all(fixture->path, &fixture->db), SQLITE_OK);
    assert_version(fixture, 1);
    assert_int_equal(sl_schema_migrate(fixture->db), SQLITE_OK);
    assert_version(fixture, sl_schema_version());
    assert_int_equal(number(fixture, "SELECT seq FROM messages"), 17);
}

TEST_WITH(other_databases_are_told_apart, set_up, tear_down)
{
    struct fixture *fixture = *state;
    enum sl_schema schema;

    exec(fixture, OLD_SQL "PRAGMA user_version = 1000");
    assert_int_equal(sl_schema_look(fixture->db, &schema), SQLITE_OK);
    assert_int_equal(schema, SL_SCHEMA_NEWER);
    exec(fixture, "PRAGMA application_id = 0");
    assert_int_equal(sl_schema_look(fixture->db, &schema), SQLITE_OK);
    assert_int_equal(schema, SL_SCHEMA_FOREIGN);
}

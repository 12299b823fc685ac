/* A read-only connection. */
#ifndef SOCKLENS_STORE_READER_H
#define SOCKLENS_STORE_READER_H

#include "socklens/store.h"
#include "store/database.h"
#include "store/range.h"

#define SL_LISTENER_NAME_SIZE 128

struct sl_reader_listener {
    char name[SL_LISTENER_NAME_SIZE];
    uint8_t service, transport;
};

struct sl_store_reader {
    char *path;
    sqlite3 *db;
    uint64_t inode, wal_inode;
    int64_t version; /* of the schema: an older one, where no server has had the file since */
    sqlite3_stmt *forward, *backward, *gaps, *gaps_back, *lifecycle;
    sqlite3_stmt *client, *listener, *oldest, *newest;
    sqlite3_stmt *run_of, *has_run; /* NULL: a file without identities of runs */
    struct sl_range_finder ranges;
    struct sl_reader_listener *listeners; /* by id, as far as they were needed */
    size_t listener_count;
    struct sl_record *record; /* of a search; room for the largest */
    struct sl_address client_peer, client_local;
    uint64_t client_id; /* whose addresses these are; 0: nobody's */
};

/* Opens the file again where another one, or another WAL, is in its place now. 0 or a negative
 * errno. */
int sl_reader_refresh(struct sl_store_reader *reader);

/* 0, -EBADMSG (damaged) or another negative errno. */
int sl_reader_errno(struct sl_store_reader *reader, int code);

/* Not before 1970, so that a time of a damaged row can be formatted and subtracted, too. */
int64_t sl_reader_time(sqlite3_stmt *statement, int column);

/* Never NULL: an unknown one has the name "unknown". Valid until the next call. */
const struct sl_reader_listener *sl_reader_listener(struct sl_store_reader *reader, int64_t id);

/* Room for the largest record; everything but payloads is zeroed. */
struct sl_record *sl_reader_record(struct sl_store_reader *reader);

/* As sl_store_client. *listener is valid until the next look at a listener. */
bool sl_reader_client(struct sl_store_reader *reader, uint64_t id, struct sl_client_view *view,
                      const char **listener);

/* The addresses of a client, SL_ADDRESS_NONE where it is not known. */
void sl_reader_addresses(struct sl_store_reader *reader, uint64_t client, struct sl_address *peer,
                         struct sl_address *local);

#endif

/* Everything that can be chosen, and where it was chosen: command line, environment, file.
 *
 * A flag wins over the environment, the environment over the file, the file over the default.
 * Listener options, --bind, --allow-host and the like can be repeated: what one source gives
 * replaces what a weaker one gave. Each field belongs to a row of src/settings/options.toml. */
#ifndef SOCKLENS_CONFIG_H
#define SOCKLENS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socklens/address.h"
#include "socklens/exchange.h"
#include "socklens/log.h"

struct sl_endpoint_list {
    struct sl_endpoint *items;
    size_t count;
    bool off; /* "none": then count is 0 */
};

struct sl_name_list {
    char **items;
    size_t count;
};

/* Where an option's value comes from. */
struct sl_origin {
    char *text;       /* as it was given, a list's joined by ", "; NULL: it has none */
    char *place;      /* "default", "FILE:LINE", "SOCKLENS_UDP_RATE" or "--udp-rate" */
    unsigned line;    /* of the config file, where it is first given; 0: nowhere */
    unsigned sources; /* that have given it: bits of enum sl_source */
};

struct sl_config {
    struct sl_origin *origins; /* one a row of the option table; NULL before a load */
    struct sl_endpoint_list services[SL_SERVICE_COUNT];
    struct sl_endpoint_list http;
    struct sl_name_list bind;
    bool http_open;
    char *token_file;         /* NULL: none */
    char *view_token_file;    /* NULL: none */
    char *tls_cert, *tls_key; /* files; NULL both: none */
    struct sl_name_list allow_hosts, allow_origins, allow_targets;
    char *store;                            /* a file's path, "memory", or NULL: the default file */
    uint64_t retain_messages, retain_bytes; /* 0: any */
    int64_t retain_age_ns;                  /* 0: any */
    uint64_t journal_size;                  /* bytes */
    uint64_t workers;
    uint64_t max_connections; /* 0: as descriptors allow */
    uint64_t max_connections_per_address;
    uint64_t max_http_connections;
    uint64_t max_udp_clients;
    struct sl_name_list faults; /* "LISTENER RULE" each */
    uint64_t hold_size;         /* bytes */
    uint64_t udp_rate;          /* datagrams a second and source address; 0: any */
    uint64_t closed_clients;
    int64_t tcp_gap_ns;  /* 0: a message at the drain */
    int64_t tcp_idle_ns; /* 0: never */
    int64_t udp_idle_ns;
    bool transcript;
    char *ready_file; /* NULL: none */
    enum sl_log_level log_level;
    enum sl_log_format log_format;
    char *file; /* NULL: none */
    bool check_only, print_config, healthcheck, help, version;
};

#endif

/*
 * What building a page of 100 small messages costs: query read, journal walked, JSON written, no
 * socket. Next to it, in the same run, the bytes of that page copied (as little as can be) and
 * printed by cJSON from its tree (as documents are made elsewhere). Prints one line of JSON with
 * the median of many rounds of each, in nanoseconds of CPU time.
 *
 *   sl-page [ROUNDS [PART]]     status 1 where building takes more than a PARTth of cJSON's time,
 * in the best round of each
 */
#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../unit/params_of.h"
#include "api/api_messages.h"
#include "socklens/journal.h"
#include "socklens/registry.h"

enum { MESSAGES = 1000, PAGE = 100, BURST = 20, ROUNDS = 300, KINDS = 3 };

struct bench {
    struct sl_journal *journal;
    struct sl_registry *registry;
    struct sl_history history;
    struct sl_buffer page;
    cJSON *tree;
    char *copy;
};

static void fill(struct bench *bench)
{
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct sl_event event = {
            .kind = SL_RECORD_EXCHANGE,
            .exchange.service = SL_UDP_UPPER,
            .exchange.outcome = SL_REPLIED,
            .exchange.client = 1 + i % 30,
            .exchange.peer = {.family = AF_INET, .port = (uint16_t)(40000 + i % 30)},
            .exchange.received_at_ns = INT64_C(1767225600) * SL_NS_PER_S + i * INT64_C(1234567),
            .received = (const uint8_t *)"hello from client1",
            .sent = (const uint8_t *)"HELLO FROM CLIENT1",
            .exchange.received_stored = 18,
            .exchange.sent_stored = 18,
            .exchange.received_size = 18,
            .exchange.sent_size = 18,
        };

        inet_pton(AF_INET, "127.0.0.1", event.exchange.peer.ip);
        event.exchange.replied_at_ns = event.exchange.received_at_ns + 9000;
        sl_journal_append(bench->journal, &event, 1);
    }
}

/* As GET /api/v1/messages?limit=100 does it. */
static void build(struct bench *bench)
{
    struct sl_message_list list;
    struct sl_problem problem;
    struct sl_query query;

    if (sl_query_parse(&query, "limit=100", params_of_get("/api/v1/messages"), &problem) != 0 ||
        sl_message_list_from_query(&list, &query, &problem) != 0)
        abort();
    while (sl_message_list_fill(&list, &bench->history) != SL_PROGRESS_DONE)
        ;
    if (!sl_message_list_finish(&list) || list.count != PAGE)
        abort();
    sl_buffer_deinit(&bench->page);
    bench->page = list.body;
    list.body = SL_BUFFER_INIT;
    sl_message_list_deinit(&list);
    sl_query_deinit(&query);
}

static void copy(struct bench *bench)
{
    memcpy(bench->copy, bench->page.data, bench->page.size);
    __asm__ volatile("" : : "r"(bench->copy) : "memory");
}

static void print_tree(struct bench *bench)
{
    char *text = cJSON_PrintBuffered(bench->tree, 65536, 0);

    if (!text)
        abort();
    cJSON_free(text);
}

static double cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* One burst of a kind of work, ns of CPU time each. */
static double burst_ns(struct bench *bench, void (*run)(struct bench *))
{
    double start = cpu_ns();

    for (unsigned i = 0; i < BURST; i++)
        run(bench);
    return (cpu_ns() - start) / BURST;
}

/* Rounds of all kinds in turns: what slows the machine down for a while meets each of them. The
 * times come out in order. */
static void measure(struct bench *bench, double *times[KINDS], unsigned rounds)
{
    static void (*const kinds[KINDS])(struct bench *) = {build, copy, print_tree};

    for (unsigned i = 0; i < rounds; i++) {
        for (unsigned kind = 0; kind < KINDS; kind++)
            times[kind][i] = burst_ns(bench, kinds[kind]);
    }
    for (unsigned kind = 0; kind < KINDS; kind++)
        qsort(times[kind], rounds, sizeof(double), compare);
}

static void init(struct bench *bench)
{
    struct sl_registry_options options = {.shards = 2, .closed_max = 4, .first_client = 1};
    struct sl_listener_info info = {.transport = SL_UDP, .name = "127.0.0.1:12000"};

    *bench = (struct bench){.journal = sl_journal_new(0, 1), .registry = sl_registry_new(&options)};
    sl_registry_add_listener(bench->registry, &info);
    sl_history_init(&bench->history, bench->journal, bench->registry, NULL);
    fill(bench);
    build(bench);
    bench->copy = malloc(bench->page.size);
    bench->tree = cJSON_ParseWithLength((const char *)bench->page.data, bench->page.size);
    if (!bench->copy || !bench->tree)
        abort();
}

static void deinit(struct bench *bench)
{
    cJSON_Delete(bench->tree);
    free(bench->copy);
    sl_buffer_deinit(&bench->page);
    sl_history_deinit(&bench->history);
    sl_journal_free(bench->journal);
    sl_registry_free(bench->registry);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : ROUNDS;
    double part = argc > 2 ? strtod(argv[2], NULL) : 0;
    double *times[KINDS];
    struct bench bench;
    bool dear;

    if (rounds == 0)
        return 2;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        times[kind] = calloc(rounds, sizeof(double));
        if (!times[kind])
            abort();
    }
    init(&bench);
    measure(&bench, times, rounds);
    printf(
        "{\"messages\":%d,\"bytes\":%zu,\"build_ns\":%.0f,\"copy_ns\":%.0f,"
        "\"cjson_print_ns\":%.0f}\n",
        PAGE, bench.page.size, times[0][rounds / 2], times[1][rounds / 2], times[2][rounds / 2]);
    deinit(&bench);
    dear = times[0][0] * part > times[2][0]; /* the rounds that nothing has disturbed */
    for (unsigned kind = 0; kind < KINDS; kind++)
        free(times[kind]);
    return dear;
}

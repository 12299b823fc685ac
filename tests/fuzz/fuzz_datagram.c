/* The body of POST /datagrams. */
#include "fuzz.h"

#include "api/api_datagrams.h"

static struct sl_registry *make_registry(void)
{
    struct sl_registry_options options = {.shards = 1, .closed_max = 1, .first_client = 1};
    struct sl_listener_info info = {
        .transport = SL_UDP,
        .address = {.family = AF_INET, .port = 12000, .ip = {127, 0, 0, 1}},
        .name = "127.0.0.1:12000"};
    struct sl_registry *registry = sl_registry_new(&options);

    demand(registry && sl_registry_add_listener(registry, &info) == 0);
    return registry;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sl_registry *registry;
    struct sl_target target = {.network = {.family = AF_INET, .ip = {192, 0, 2}},
                               .prefix = 24,
                               .first_port = 1,
                               .last_port = 9};
    struct sl_targets targets = {&target, 1};
    struct sl_buffer document = SL_BUFFER_INIT;
    struct sl_datagram datagram;
    struct sl_problem problem = {0};

    if (!registry)
        registry = make_registry();
    if (sl_datagram_parse(&datagram, data, size, registry, &targets, &problem) != 0)
        demand(problem.status >= 400 && sl_problem_write(&problem, &document) == 0);
    else if (datagram.foreign)
        demand(sl_targets_cover(&targets, &datagram.to) &&
               datagram.payload.size <= SL_DATAGRAM_FOREIGN_MAX);
    else
        demand(datagram.to.port == 12000 && datagram.payload.size <= SL_DATAGRAM_MAX);
    sl_buffer_deinit(&document);
    sl_datagram_deinit(&datagram);
    return 0;
}

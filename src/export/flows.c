/* Client numbers are given one after the other by ourselves, so their low bits are all the hash
 * that a table of them needs, and one of a fixed size with chains is enough. */
#include "export/flows.h"

#include <stdlib.h>

#define SLOTS       16384
#define ENDED_SLOTS 4096

struct flows {
    struct flow *slots[SLOTS];
    struct sl_list used; /* the one quiet longest first */
    size_t count;
    uint64_t ended[ENDED_SLOTS]; /* the last of each slot; 0: none */
};

struct flows *flows_new(void)
{
    return calloc(1, sizeof(struct flows));
}

void flows_free(struct flows *flows)
{
    if (!flows)
        return;
    while (flows->used.first) {
        struct flow *flow = SL_LINKED(flows->used.first, struct flow, used);

        sl_list_remove(&flows->used, &flow->used);
        free(flow);
    }
    free(flows);
}

static void forget(struct flows *flows, struct flow *flow)
{
    struct flow **link = &flows->slots[flow->client % SLOTS];

    while (*link != flow)
        link = &(*link)->next;
    *link = flow->next;
    sl_list_remove(&flows->used, &flow->used);
    flows->count--;
    free(flow);
}

struct flow *flows_find(struct flows *flows, uint64_t client)
{
    struct flow *flow = flows->slots[client % SLOTS];

    while (flow && flow->client != client)
        flow = flow->next;
    if (flow) {
        sl_list_remove(&flows->used, &flow->used);
        sl_list_append(&flows->used, &flow->used);
    }
    return flow;
}

/* The finalizer of SplitMix64: any two connections begin far apart. */
static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

struct flow *flows_add(struct flows *flows, uint64_t client, uint64_t salt)
{
    struct flow *flow = malloc(sizeof(*flow));
    uint64_t begin = mix(client ^ mix(salt));

    if (!flow)
        return NULL;
    if (flows->count == FLOWS_MAX)
        forget(flows, SL_LINKED(flows->used.first, struct flow, used));
    *flow = (struct flow){
        .client = client,
        .seq = {(uint32_t)begin, (uint32_t)(begin >> 32)},
        .next = flows->slots[client % SLOTS],
    };
    flows->slots[client % SLOTS] = flow;
    sl_list_append(&flows->used, &flow->used);
    flows->count++;
    return flow;
}

void flows_remove(struct flows *flows, struct flow *flow)
{
    flows->ended[flow->client % ENDED_SLOTS] = flow->client;
    forget(flows, flow);
}

bool flows_has_ended(const struct flows *flows, uint64_t client)
{
    return client != 0 && flows->ended[client % ENDED_SLOTS] == client;
}

/* Client numbers are given one after the other by ourselves, so their low bits are all the hash
 * that tables of them need. */
#include "export/flows.h"

#include <stdlib.h>

#define SLOTS       16384
#define ENDED_SLOTS 4096

struct flows {
    struct flow *slots[SLOTS];
    struct flow *oldest, *newest;
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
    while (flows->oldest) {
        struct flow *next = flows->oldest->newer;

        free(flows->oldest);
        flows->oldest = next;
    }
    free(flows);
}

static void unlink_age(struct flows *flows, struct flow *flow)
{
    *(flow->older ? &flow->older->newer : &flows->oldest) = flow->newer;
    *(flow->newer ? &flow->newer->older : &flows->newest) = flow->older;
}

static void link_newest(struct flows *flows, struct flow *flow)
{
    flow->older = flows->newest;
    flow->newer = NULL;
    *(flow->older ? &flow->older->newer : &flows->oldest) = flow;
    flows->newest = flow;
}

static void forget(struct flows *flows, struct flow *flow)
{
    struct flow **link = &flows->slots[flow->client % SLOTS];

    while (*link != flow)
        link = &(*link)->next;
    *link = flow->next;
    unlink_age(flows, flow);
    flows->count--;
    free(flow);
}

struct flow *flows_find(struct flows *flows, uint64_t client)
{
    struct flow *flow = flows->slots[client % SLOTS];

    while (flow && flow->client != client)
        flow = flow->next;
    if (flow && flow != flows->newest) {
        unlink_age(flows, flow);
        link_newest(flows, flow);
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
        forget(flows, flows->oldest);
    *flow = (struct flow){
        .client = client,
        .seq = {(uint32_t)begin, (uint32_t)(begin >> 32)},
        .next = flows->slots[client % SLOTS],
    };
    flows->slots[client % SLOTS] = flow;
    link_newest(flows, flow);
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

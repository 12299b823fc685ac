/* The UDP worker's way through fault rules: as udp_worker.c, with a judgement on both sides of the
 * service and messages that leave later.
 *
 * It is a file of its own so that listeners without rules pay for one test a batch. Each datagram
 * is a job. A job that is held takes copies of all it needs along: its client may be gone, and its
 * rules may be replaced, before it is due. What leaves together goes through a second batch to the
 * same sender and counters as ever, and is recorded then: received is what arrived, sent is what
 * left, and the note says what was done between the two. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/hold.h"
#include "net/udp_worker.h"
#include "socklens/fault_note.h"

#define LAST_SETS       4096u /* clients whose latest due time is known, in sets of LAST_WAYS */
#define LAST_WAYS       4u
#define REORDERED_MAX   1024u
#define DUE_A_TURN      1024u
#define COPIES_MAX      9u /* of one message, by all rules together */
#define COPIES_FAR_MAX  3u /* to a peer that is neither loopback nor private */
#define MEMBERS_SIZE    512
#define CHANGES_SHOWN   8u
#define RECEIVE_BUFFERS 65536u

/* One exchange on its way. */
struct job {
    struct sl_socket *socket;
    struct sl_fault_set *set;
    struct sl_udp_message to; /* the client; bytes and size are what arrived */
    uint64_t client;          /* its id; 0: none */
    int64_t received_at_ns;   /* wall clock */
    const uint8_t *seen;      /* what the service gets */
    uint32_t seen_size;
    struct sl_fault_note note;
};

/* How much of a job is in use: most have no note. */
static size_t job_size(const struct job *job)
{
    return offsetof(struct job, note.text) + job->note.size;
}

enum stage { STAGE_REQUEST, STAGE_REPLY, STAGE_COPY };

struct held {
    struct sl_hold_item item;
    struct held *next;           /* leaving with the same batch */
    struct held *next_passed;    /* held until others have passed */
    uint8_t stage;               /* enum stage; a copy of a reply is not an exchange of its own */
    uint32_t to_pass, passed;    /* of reorder */
    struct sl_fault_hit reorder; /* its rule is NULL where no rule reorders it */
    struct sl_fault_hit cause;   /* the rule that holds it */
    uint32_t reply_size;
    uint8_t *bytes; /* received, seen, reply: behind the used part of the note */
    struct job job; /* last, with as much of its note's text as is used; it holds its set */
};

struct last_due {
    uint64_t tag; /* client and side */
    int64_t due_ns;
};

/* What an item of `out` has besides. */
struct leaving {
    struct job job;
    bool is_copy;
};

struct udp_faults {
    struct sl_fault_set *sets[SL_LISTENERS_MAX];
    struct sl_hold hold;
    struct held *leaving_held; /* freed once `out` is sent and recorded */
    struct held *reordered;
    size_t reordered_count;
    struct last_due *last;   /* LAST_SETS * LAST_WAYS */
    struct sl_udp_batch out; /* one item a message */
    struct leaving leaving[SL_UDP_BATCH];
    uint8_t scratch[RECEIVE_BUFFERS];
};

/* What is done to one side of a message before it goes on. */
struct plan {
    bool lost;
    unsigned copies;
    int64_t gap_ns;
    const struct sl_fault_hit *duplicate;
    const struct sl_fault_hit *later[SL_FAULTS_PER_LISTENER]; /* delay, rate, reorder */
    unsigned later_count;
};

/* --- rules --- */

static struct udp_faults *faults_new(struct udp_worker *udp)
{
    struct udp_faults *faults = calloc(1, sizeof(*faults));

    if (!faults)
        return NULL;
    faults->last = calloc(LAST_SETS * LAST_WAYS, sizeof(*faults->last));
    if (!faults->last) {
        free(faults);
        return NULL;
    }
    sl_hold_init(&faults->hold, udp->worker->epoll_fd,
                 udp->worker->net->hold_max / udp->worker->net->options.workers);
    return faults;
}

void udp_faults_take(struct udp_worker *udp)
{
    struct sl_net *net = udp->worker->net;
    uint64_t epoch;

    pthread_mutex_lock(&net->options_lock);
    epoch = net->fault_epoch;
    if (epoch == atomic_load_explicit(&udp->worker->fault_epoch, memory_order_relaxed)) {
        pthread_mutex_unlock(&net->options_lock);
        return;
    }
    if (!udp->faults)
        udp->faults = faults_new(udp);
    for (size_t i = 0; udp->faults && i < SL_LISTENERS_MAX; i++) {
        sl_fault_set_unref(udp->faults->sets[i]);
        udp->faults->sets[i] = net->faults[i] ? sl_fault_set_ref(net->faults[i]) : NULL;
    }
    pthread_mutex_unlock(&net->options_lock);
    if (udp->faults)
        atomic_store_explicit(&udp->worker->fault_epoch, epoch, memory_order_release);
    else
        sl_log_error(net->log, "out of memory: the fault rules are not in force");
}

struct sl_fault_set *udp_faults_of(const struct udp_worker *udp, uint16_t listener)
{
    return udp->faults->sets[listener];
}

/* --- what leaves --- */

static void held_free(struct held *held)
{
    sl_fault_set_unref(held->job.set);
    free(held);
}

static void out_flush(struct udp_worker *udp)
{
    struct udp_faults *faults = udp->faults;
    struct sl_udp_batch *out = &faults->out;
    struct held *held;

    if (out->item_count > 0) {
        sl_udp_send(udp->sender, out);
        sl_time_advance(&udp->clock);
        udp_count_sent(udp, out, &udp->clock);
    }
    for (size_t i = 0; i < out->item_count; i++) {
        const struct leaving *leaving = &faults->leaving[i];
        struct sl_event *event;

        if (leaving->is_copy)
            continue;
        event =
            udp_record(udp, out, &out->items[i], leaving->job.received_at_ns, udp->clock.wall_ns);
        event->received = leaving->job.to.bytes;
        event->exchange.received_size = event->exchange.received_stored = leaving->job.to.size;
        event->exchange.client = leaving->job.client;
        event->exchange.fault_bits = leaving->job.note.faults;
        event->note = leaving->job.note.text;
        event->note_size = leaving->job.note.size;
    }
    udp_flush_events(udp);
    while ((held = faults->leaving_held)) {
        faults->leaving_held = held->next;
        held_free(held);
    }
    out->item_count = out->message_count = 0;
    out->replies.size = 0;
}

/* Adds a job to what leaves. The item has no reply yet. */
static struct sl_udp_item *out_add(struct udp_worker *udp, const struct job *job, bool is_copy)
{
    struct udp_faults *faults = udp->faults;
    struct sl_udp_batch *out = &faults->out;
    size_t index;

    if (out->message_count == SL_UDP_BATCH || (out->item_count > 0 && out->socket != job->socket))
        out_flush(udp);
    out->socket = job->socket;
    index = out->message_count++;
    out->item_count = out->message_count;
    out->messages[index] = job->to;
    if (is_copy) /* counts for nobody */
        out->messages[index].client = NULL;
    memcpy(&faults->leaving[index].job, job, job_size(job));
    faults->leaving[index].is_copy = is_copy;
    out->items[index] = (struct sl_udp_item){
        .bytes = job->seen,
        .size = job->seen_size,
        .message = (uint16_t)index,
        .next = SL_UDP_NO_ITEM,
    };
    return &out->items[index];
}

/* Takes the last item back: it is held. */
static void out_remove_last(struct udp_worker *udp)
{
    struct sl_udp_batch *out = &udp->faults->out;

    out->item_count = --out->message_count;
}

static void out_set_note(struct udp_worker *udp, const struct sl_udp_item *item,
                         const struct sl_fault_note *note)
{
    udp->faults->leaving[item->message].job.note = *note;
}

/* --- holding --- */

/* A client gets what delays hold in the order in which it was held. */
static int64_t faults_not_before_last(struct udp_faults *faults, uint64_t client,
                                      enum sl_fault_side side, int64_t due_ns)
{
    uint64_t tag = client << 1 | side;
    struct last_due *set =
        &faults->last[(tag * UINT64_C(0x9e3779b97f4a7c15) >> 40) % LAST_SETS * LAST_WAYS];
    struct last_due *place = set;

    for (unsigned i = 0; i < LAST_WAYS; i++) {
        if (set[i].tag == tag) {
            place = &set[i];
            break;
        }
        if (set[i].due_ns < place->due_ns)
            place = &set[i];
    }
    if (place->tag == tag && place->due_ns > due_ns)
        due_ns = place->due_ns;
    *place = (struct last_due){tag, due_ns};
    return due_ns;
}

/* Copies what a job needs into memory of its own, of which `size` gets the bytes. NULL: no memory.
 */
static struct held *held_new(const struct job *job, enum stage stage, const uint8_t *reply,
                             uint32_t reply_size, size_t *size)
{
    bool same = job->seen == job->to.bytes;
    size_t seen_size = same ? 0 : job->seen_size;
    size_t head = offsetof(struct held, job) + job_size(job);
    struct held *held;
    uint8_t *to;

    *size = head + job->to.size + seen_size + reply_size;
    held = malloc(*size);
    if (!held)
        return NULL;
    memset(held, 0, offsetof(struct held, job));
    memcpy(&held->job, job, job_size(job));
    held->stage = (uint8_t)stage;
    held->reply_size = reply_size;
    held->bytes = to = (uint8_t *)held + head;
    sl_fault_set_ref(job->set);
    memcpy(to, job->to.bytes, job->to.size);
    held->job.to.bytes = held->job.seen = to;
    to += job->to.size;
    if (!same) {
        memcpy(to, job->seen, seen_size);
        held->job.seen = to;
    }
    if (reply_size)
        memcpy(to + seen_size, reply, reply_size);
    return held;
}

static const uint8_t *held_reply(const struct held *held)
{
    bool same = held->job.seen == held->job.to.bytes;

    return held->bytes + held->job.to.size + (same ? 0 : held->job.seen_size);
}

/* Holds a job. False where it cannot be: then `held` is freed. */
static bool faults_hold(struct udp_worker *udp, struct held *held, size_t bytes, int64_t due_ns,
                        const struct sl_fault_hit *cause, const struct sl_fault_hit *reorder)
{
    struct udp_faults *faults = udp->faults;
    struct sl_net *net = udp->worker->net;

    held->cause = *cause;
    if (reorder && faults->reordered_count < REORDERED_MAX) {
        held->reorder = *reorder;
        held->to_pass = (uint32_t)sl_fault_rule_get(reorder->rule)->count;
    }
    if (sl_hold_add(&faults->hold, &held->item, bytes, due_ns) < 0) {
        held_free(held);
        atomic_fetch_add_explicit(&net->held_overflows, 1, memory_order_relaxed);
        return false;
    }
    if (held->reorder.rule) {
        held->next_passed = faults->reordered;
        faults->reordered = held;
        faults->reordered_count++;
    }
    atomic_fetch_add_explicit(&net->held_messages, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&net->held_bytes, held->item.bytes, memory_order_relaxed);
    return true;
}

/* A message of this client went by on this side: whoever waited for the last such one is due. */
static void faults_pass(struct udp_worker *udp, uint64_t client, enum sl_fault_side side)
{
    struct udp_faults *faults = udp->faults;

    for (struct held *held = faults->reordered; held; held = held->next_passed) {
        if (held->job.client != client || held->reorder.side != side ||
            held->passed == held->to_pass)
            continue;
        if (++held->passed == held->to_pass)
            sl_hold_move(&faults->hold, &held->item, udp->clock.mono_ns);
    }
}

static void faults_end_reorder(struct udp_faults *faults, struct held *held,
                               struct sl_fault_note *note)
{
    struct held **link = &faults->reordered;
    char members[64];

    if (!held->reorder.rule)
        return;
    while (*link != held)
        link = &(*link)->next_passed;
    *link = held->next_passed;
    faults->reordered_count--;
    snprintf(members, sizeof(members), ",\"after\":%" PRIu32, held->passed);
    sl_fault_note_add(note, &held->reorder, members);
}

/* --- effects --- */

static void plan_truncate(const struct sl_fault_hit *hit, uint32_t *size,
                          struct sl_fault_note *note)
{
    uint32_t to = (uint32_t)sl_fault_rule_get(hit->rule)->count;
    char members[64];

    snprintf(members, sizeof(members), ",\"from\":%" PRIu32 ",\"to\":%" PRIu32, *size, to);
    sl_fault_note_add(note, hit, members);
    *size = to;
}

static void plan_corrupt(const struct sl_fault_hit *hit, uint8_t *bytes, uint32_t size,
                         struct sl_fault_note *note)
{
    struct sl_fault_change changes[CHANGES_SHOWN];
    unsigned count = sl_fault_corrupt(hit, 0, bytes, size, changes, CHANGES_SHOWN);
    char members[MEMBERS_SIZE];
    int at = snprintf(members, sizeof(members), ",\"changes\":[");

    for (unsigned i = 0; i < count && i < CHANGES_SHOWN; i++)
        at += snprintf(members + at, sizeof(members) - (size_t)at,
                       "%s{\"at\":%zu,\"was\":\"%02x\",\"is\":\"%02x\"}", i ? "," : "",
                       changes[i].at, changes[i].was, changes[i].is);
    snprintf(members + at, sizeof(members) - (size_t)at, "]");
    sl_fault_note_add(note, hit, members);
}

static void plan_duplicate(struct plan *plan, const struct sl_fault_hit *hit,
                           struct sl_fault_note *note)
{
    const struct sl_rule *rule = sl_fault_rule_get(hit->rule);
    unsigned count = (unsigned)rule->count, room = COPIES_MAX - plan->copies;
    char members[64];

    if (count > room)
        count = room;
    plan->copies += count;
    plan->gap_ns = rule->time_ns;
    plan->duplicate = hit;
    snprintf(members, sizeof(members), ",\"copies\":%u", count);
    sl_fault_note_add(note, hit, members);
}

/* What the hits do to the bytes at once, and what they do later. */
static void plan_make(struct plan *plan, const struct sl_fate *fate, uint8_t *bytes, uint32_t *size,
                      struct sl_fault_note *note)
{
    *plan = (struct plan){0};
    for (unsigned i = 0; i < fate->count && !plan->lost; i++) {
        const struct sl_fault_hit *hit = &fate->hits[i];

        switch ((enum sl_effect)sl_fault_rule_get(hit->rule)->effect) {
        case SL_EFFECT_LOSS:
            sl_fault_note_add(note, hit, "");
            plan->lost = true;
            break;
        case SL_EFFECT_TRUNCATE:
            plan_truncate(hit, size, note);
            break;
        case SL_EFFECT_CORRUPT:
            plan_corrupt(hit, bytes, *size, note);
            break;
        case SL_EFFECT_DUPLICATE:
            plan_duplicate(plan, hit, note);
            break;
        case SL_EFFECT_DELAY:
        case SL_EFFECT_RATE:
        case SL_EFFECT_REORDER:
            plan->later[plan->later_count++] = hit;
            break;
        default:
            break;
        }
    }
}

/* When and how one copy leaves. */
struct timing {
    int64_t due_ns;
    const struct sl_fault_hit *reorder;
    const struct sl_fault_hit *full; /* the rate whose queue has no room */
};

static void timing_add(struct timing *timing, const struct sl_fault_hit *hit, int64_t added_ns,
                       struct sl_fault_note *note)
{
    char members[64];

    timing->due_ns += added_ns;
    snprintf(members, sizeof(members), ",\"us\":%" PRId64, added_ns / SL_NS_PER_US);
    sl_fault_note_add(note, hit, members);
}

static struct timing plan_time(struct udp_worker *udp, const struct plan *plan, unsigned copy,
                               uint64_t client, uint32_t size, struct sl_fault_note *note)
{
    struct timing timing = {.due_ns = udp->clock.mono_ns + plan->gap_ns * copy};
    bool delayed = false;
    int64_t paced_ns;

    for (unsigned i = 0; i < plan->later_count; i++) {
        const struct sl_fault_hit *hit = plan->later[i];
        const struct sl_rule *rule = sl_fault_rule_get(hit->rule);

        if (rule->effect == SL_EFFECT_DELAY) {
            timing_add(&timing, hit, sl_fault_delay_ns(hit, copy), note);
            delayed = true;
        } else if (rule->effect == SL_EFFECT_RATE) {
            if (!sl_fault_pace(hit, size, timing.due_ns, &paced_ns)) {
                sl_fault_note_add_loss(note, hit, "queue_full");
                timing.full = hit;
                return timing;
            }
            timing_add(&timing, hit, paced_ns - timing.due_ns, note);
        } else {
            timing.reorder = hit;
        }
    }
    if (delayed)
        timing.due_ns =
            faults_not_before_last(udp->faults, client, plan->later[0]->side, timing.due_ns);
    if (timing.reorder)
        timing.due_ns += sl_fault_rule_get(timing.reorder->rule)->time_ns;
    return timing;
}

/* The rule that holds a message; NULL where none does. */
static const struct sl_fault_hit *plan_cause(const struct plan *plan)
{
    return plan->later_count > 0 ? plan->later[0] : plan->duplicate;
}

static bool plan_holds(const struct plan *plan, unsigned copy)
{
    return plan->later_count > 0 || (plan->gap_ns > 0 && copy > 0);
}

static bool is_near(const struct sl_address *peer)
{
    const uint8_t *ip = peer->ip;

    if (sl_address_is_loopback(peer) || sl_address_is_link_local(peer))
        return true;
    if (peer->family == AF_INET)
        return ip[0] == 10 || (ip[0] == 172 && ip[1] >> 4 == 1) || (ip[0] == 192 && ip[1] == 168);
    return (ip[0] & 0xfe) == 0xfc; /* RFC 4193 */
}

/* How many copies may leave: they amplify what a forged source address asks for. */
static unsigned plan_copies(struct udp_worker *udp, const struct plan *plan, const struct job *job)
{
    unsigned copies = plan->copies, admitted = 0;

    if (is_near(&job->to.peer))
        return copies;
    if (copies > COPIES_FAR_MAX)
        copies = COPIES_FAR_MAX;
    while (admitted < copies && sl_rate_limit_admit(&udp->rate, &job->to.peer, udp->clock.mono_ns))
        admitted++;
    return admitted;
}

/* --- the two sides --- */

/* Holds a reply, or one more copy of it. */
static bool job_hold_reply(struct udp_worker *udp, const struct job *job, const struct plan *plan,
                           unsigned copy, uint32_t offset, uint32_t size,
                           struct sl_fault_note *note)
{
    struct timing timing = plan_time(udp, plan, copy, job->client, size, note);
    struct job mine = *job;
    struct held *held;
    size_t bytes;

    if (timing.full)
        return false;
    mine.note = *note;
    held = held_new(&mine, copy ? STAGE_COPY : STAGE_REPLY, udp->faults->out.replies.data + offset,
                    size, &bytes);
    if (held && faults_hold(udp, held, bytes, timing.due_ns, plan_cause(plan), timing.reorder))
        return true;
    sl_fault_note_add_loss(note, plan_cause(plan), "overflow");
    return false;
}

/* The reply of the last item of `out` on its way to the client. */
static void job_send(struct udp_worker *udp, const struct job *job, struct sl_udp_item *item,
                     const struct sl_fate *fate)
{
    struct sl_udp_batch *out = &udp->faults->out;
    struct sl_fault_note note = job->note;
    uint32_t offset = item->reply_offset, size = item->reply_size;
    struct plan plan;
    unsigned copies;

    plan_make(&plan, fate, out->replies.data + offset, &size, &note);
    item->reply_size = size;
    out_set_note(udp, item, &note);
    if (plan.lost) {
        item->outcome = SL_REPLY_LOST;
        return;
    }
    copies = plan_copies(udp, &plan, job);
    for (unsigned copy = 1; copy <= copies && plan_holds(&plan, copy); copy++) {
        struct sl_fault_note copy_note = note;

        job_hold_reply(udp, job, &plan, copy, offset, size, &copy_note);
    }
    if (plan_holds(&plan, 0)) {
        if (job_hold_reply(udp, job, &plan, 0, offset, size, &note)) {
            out_remove_last(udp);
            return;
        }
        item->outcome = SL_REPLY_LOST;
        out_set_note(udp, item, &note);
        return;
    }
    faults_pass(udp, job->client, SL_SIDE_SENT);
    for (unsigned copy = 1; copy <= copies && !plan_holds(&plan, copy); copy++) {
        struct sl_udp_item *more = out_add(udp, job, true);

        more->outcome = SL_REPLIED;
        more->reply_offset = offset;
        more->reply_size = size;
    }
}

/* What the service says to a job, and on. */
static void job_answer(struct udp_worker *udp, const struct job *job)
{
    struct sl_udp_batch *out = &udp->faults->out;
    struct sl_udp_item *item;
    struct sl_fate fate;
    struct sl_fault_look look = {
        .side = SL_SIDE_SENT, .peer = &job->to.peer, .client = job->client};

    /* Room for the copies of this one, so that all leave together. */
    if (out->message_count + 1 + COPIES_MAX > SL_UDP_BATCH)
        out_flush(udp);
    item = out_add(udp, job, false);
    item->outcome = (uint8_t)udp_respond(udp, out, item, udp->clock.mono_ns);
    if (item->outcome != SL_REPLIED)
        return;
    look.bytes = out->replies.data + item->reply_offset;
    look.size = item->reply_size;
    look.now_ns = udp->clock.mono_ns;
    if (sl_fault_judge(job->set, &look, &fate))
        job_send(udp, job, item, &fate);
    else
        faults_pass(udp, job->client, SL_SIDE_SENT);
}

/* The job ends before the service has seen it. */
static void job_lose(struct udp_worker *udp, const struct job *job, enum sl_outcome outcome)
{
    out_add(udp, job, false)->outcome = (uint8_t)outcome;
}

/* Holds one copy of what arrived. */
static void job_hold_request(struct udp_worker *udp, const struct job *job, const struct plan *plan,
                             unsigned copy)
{
    struct job mine = *job;
    struct timing timing = plan_time(udp, plan, copy, job->client, job->seen_size, &mine.note);
    struct held *held;
    size_t bytes;

    if (!timing.full) {
        held = held_new(&mine, STAGE_REQUEST, NULL, 0, &bytes);
        if (held && faults_hold(udp, held, bytes, timing.due_ns, plan_cause(plan), timing.reorder))
            return;
        sl_fault_note_add_loss(&mine.note, plan_cause(plan), "overflow");
    }
    job_lose(udp, &mine, SL_LOST);
}

/* What arrived goes on to the service at once. */
static void job_pass_on(struct udp_worker *udp, const struct job *job)
{
    faults_pass(udp, job->client, SL_SIDE_RECEIVED);
    job_answer(udp, job);
}

static void job_receive(struct udp_worker *udp, struct job *job, const struct sl_fate *fate)
{
    uint8_t *scratch = udp->faults->scratch;
    struct plan plan;
    unsigned copies;

    if (job->to.size > 0)
        memcpy(scratch, job->to.bytes, job->to.size);
    plan_make(&plan, fate, scratch, &job->seen_size, &job->note);
    if (plan.lost) {
        job_lose(udp, job, SL_LOST);
        return;
    }
    if (job->seen_size != job->to.size || memcmp(scratch, job->to.bytes, job->to.size) != 0)
        job->seen = scratch;
    copies = plan_copies(udp, &plan, job);
    for (unsigned copy = 0; copy <= copies; copy++) {
        if (plan_holds(&plan, copy))
            job_hold_request(udp, job, &plan, copy);
        else
            job_pass_on(udp, job);
    }
    /* The next job uses the same scratch memory. */
    if (job->seen == scratch)
        out_flush(udp);
}

static void faults_serve_item(struct udp_worker *udp, struct sl_fault_set *set,
                              const struct sl_udp_item *item, const struct sl_time *received_at)
{
    const struct sl_udp_message *message = &udp->batch->messages[item->message];
    enum sl_outcome outcome = udp_decide(udp, message, received_at);
    struct job job;
    struct sl_fault_look look = {.side = SL_SIDE_RECEIVED,
                                 .peer = &message->peer,
                                 .client = message->client ? sl_client_id(message->client) : 0,
                                 .bytes = item->bytes,
                                 .size = item->size,
                                 .now_ns = received_at->mono_ns};
    struct sl_fate fate;

    job.socket = udp->batch->socket;
    job.set = set;
    job.to = *message; /* which may hold several datagrams: this is one of them */
    job.to.bytes = job.seen = item->bytes;
    job.to.size = job.seen_size = item->size;
    job.client = look.client;
    job.received_at_ns = received_at->wall_ns;
    sl_fault_note_init(&job.note);
    if (outcome != SL_REPLIED)
        job_lose(udp, &job, outcome);
    else if (sl_fault_judge(set, &look, &fate))
        job_receive(udp, &job, &fate);
    else
        job_pass_on(udp, &job);
}

/* --- what is due --- */

/* Takes what is due, and unfolds its job. A client that is gone has no counters any more. */
static struct held *faults_take(struct udp_worker *udp, int64_t now_ns, struct job *job)
{
    struct udp_faults *faults = udp->faults;
    struct sl_net *net = udp->worker->net;
    struct sl_shard *shard = udp->worker->shard;
    struct held *held = (struct held *)sl_hold_take(&faults->hold, now_ns);

    if (!held)
        return NULL;
    atomic_fetch_sub_explicit(&net->held_messages, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&net->held_bytes, held->item.bytes, memory_order_relaxed);
    memcpy(job, &held->job, job_size(&held->job));
    faults_end_reorder(faults, held, &job->note);
    sl_shard_lock(shard);
    job->to.client = job->client ? sl_shard_find_id(shard, job->client) : NULL;
    sl_shard_unlock(shard);
    return held;
}

/* Its memory goes once all that leaves with it has left. */
static void faults_free_later(struct udp_faults *faults, struct held *held)
{
    held->next = faults->leaving_held;
    faults->leaving_held = held;
}

static void held_send(struct udp_worker *udp, const struct held *held, const struct job *job)
{
    struct sl_udp_batch *out = &udp->faults->out;
    struct sl_udp_item *item = out_add(udp, job, held->stage == STAGE_COPY);
    size_t offset = out->replies.size;

    item->outcome = SL_REPLIED;
    if (sl_buffer_append(&out->replies, held_reply(held), held->reply_size) < 0) {
        item->outcome = SL_SEND_FAILED;
        return;
    }
    item->reply_offset = (uint32_t)offset;
    item->reply_size = held->reply_size;
    if (!held->reorder.rule)
        faults_pass(udp, held->job.client, SL_SIDE_SENT);
}

static void held_leave(struct udp_worker *udp, struct held *held, const struct job *job)
{
    if (held->stage == STAGE_REQUEST) {
        if (!held->reorder.rule)
            faults_pass(udp, held->job.client, SL_SIDE_RECEIVED);
        job_answer(udp, job);
    } else {
        held_send(udp, held, job);
    }
    faults_free_later(udp->faults, held);
}

static void faults_leave_due(struct udp_worker *udp)
{
    struct held *held;
    struct job job;

    for (unsigned i = 0; i < DUE_A_TURN && (held = faults_take(udp, udp->clock.mono_ns, &job)); i++)
        held_leave(udp, held, &job);
}

void udp_faults_serve(struct udp_worker *udp, struct sl_fault_set *set,
                      const struct sl_time *received_at)
{
    for (size_t i = 0; i < udp->batch->item_count; i++) {
        faults_serve_item(udp, set, &udp->batch->items[i], received_at);
        faults_leave_due(udp); /* what waited for this one follows it */
    }
    out_flush(udp);
    sl_hold_arm(&udp->faults->hold);
}

void udp_faults_serve_due(struct udp_worker *udp)
{
    uint64_t expirations;

    if (read(udp->faults->hold.timer_fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
        sl_log_debug(udp->worker->net->log, "timer: %s", strerror(errno));
    faults_leave_due(udp);
    out_flush(udp);
    sl_hold_arm(&udp->faults->hold);
}

void udp_faults_drain(struct udp_worker *udp)
{
    struct held *held;
    struct job job;

    if (!udp->faults)
        return;
    while ((held = faults_take(udp, INT64_MAX, &job))) {
        if (held->stage != STAGE_COPY) {
            sl_fault_note_add_loss(&job.note, &held->cause, "stopped");
            job_lose(udp, &job, held->stage == STAGE_REQUEST ? SL_LOST : SL_REPLY_LOST);
        }
        faults_free_later(udp->faults, held);
    }
    out_flush(udp);
}

void udp_faults_free(struct udp_faults *faults)
{
    if (!faults)
        return;
    for (size_t i = 0; i < SL_LISTENERS_MAX; i++)
        sl_fault_set_unref(faults->sets[i]);
    sl_hold_deinit(&faults->hold);
    sl_buffer_deinit(&faults->out.replies);
    free(faults->last);
    free(faults);
}

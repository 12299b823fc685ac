/* The rules that the workers go by.
 *
 * A set never changes: a new one takes its place here, and each worker takes it over when it is
 * woken, so no datagram pays for a lock. The epoch counts the changes, and each worker tells the
 * one that it has taken: who changes rules can wait until all have. */
#include "net/net.h"

void sl_net_set_faults(struct sl_net *net, size_t listener, struct sl_fault_set *set)
{
    struct sl_fault_set *before;

    pthread_mutex_lock(&net->options_lock);
    before = net->faults[listener];
    net->faults[listener] = set ? sl_fault_set_ref(set) : NULL;
    net->fault_epoch++;
    pthread_mutex_unlock(&net->options_lock);
    sl_fault_set_unref(before);
    for (unsigned i = 0; net->started && i < net->options.workers; i++)
        sl_worker_wake(&net->udp[i]);
}

bool sl_net_faults_are_in_force(struct sl_net *net)
{
    uint64_t epoch;
    bool taken = true;

    pthread_mutex_lock(&net->options_lock);
    epoch = net->fault_epoch;
    pthread_mutex_unlock(&net->options_lock);
    for (unsigned i = 0; i < net->options.workers && taken; i++) {
        struct sl_worker *worker = &net->udp[i];

        taken = worker->socket_count == 0 ||
                atomic_load_explicit(&worker->fault_epoch, memory_order_acquire) >= epoch;
    }
    return taken;
}

void sl_net_held(struct sl_net *net, struct sl_net_held *held)
{
    *held = (struct sl_net_held){
        .messages = atomic_load_explicit(&net->held_messages, memory_order_relaxed),
        .bytes = atomic_load_explicit(&net->held_bytes, memory_order_relaxed),
        .bytes_max = net->hold_max,
        .overflows = atomic_load_explicit(&net->held_overflows, memory_order_relaxed),
    };
}

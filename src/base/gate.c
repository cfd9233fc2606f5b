/*
 * The gate: a counter that begins anew with each second. Exact under its lock; nothing that it
 * guards is on the way of a request that is served. Any thread.
 */
#include <quiver/base/gate.h>

bool qv_gate_pass(struct qv_gate *gate, struct qv_mono now, unsigned *ret_suppressed)
{
    pthread_mutex_lock(&gate->lock);
    int64_t second = now.us / 1000000;
    if (second != gate->second) {
        gate->second = second;
        gate->passed = 0;
    }
    bool pass = gate->passed < gate->per_second;
    if (pass) {
        gate->passed++;
        *ret_suppressed = gate->suppressed;
        gate->suppressed = 0;
    } else {
        gate->suppressed++;
    }
    pthread_mutex_unlock(&gate->lock);
    return pass;
}

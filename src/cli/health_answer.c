/*
 * The running Quiver's side of `quiver health`. It says what `/health/ready` says, and where in the
 * history it stands and by which trust it judges. The reloader's
 * thread: an answer also says that this thread is alive, which enforces new CRLs.
 */
#include "health_answer.h"

#include <quiver/api/readiness.h>

static const char *const words[] = {
    [QV_READY] = "ready", [QV_DEGRADED] = "degraded", [QV_NOT_READY] = "loading"};

void health_answer_write(const struct reload *reload, struct qv_buf *answer)
{
    QV_CLEANUP(qv_strings) struct qv_strings reasons = {0};
    struct qv_registry_state state;
    enum qv_readiness readiness =
        qv_readiness_of(reload->store, reload->health, reload->registry, &reasons);
    qv_registry_state(reload->registry, &state);
    qv_buf_printf(answer, "{\"status\":\"%s\",\"reasons\":", words[readiness]);
    qv_readiness_write_reasons(&reasons, answer);
    qv_buf_printf(answer, ",\"revision\":\"%llu.%llu\",\"generation\":%llu}",
                  (unsigned long long)state.epoch, (unsigned long long)state.revision,
                  (unsigned long long)reload->last.generation);
}

/*
 * From the server to the store: what the registry says of itself. Only the bound listeners know
 * their ports, only the certificate in force its key and names.
 */
#include "own_entries.h"

enum qv_status own_entries_set(const struct qv_server *server, const struct qv_rules *rules,
                               struct qv_store *store)
{
    QV_CLEANUP(qv_own_facts) struct qv_own_facts facts = {0};
    QV_CLEANUP(qv_change) struct qv_change *own = NULL;
    QV_TRY(qv_server_own_facts(server, &facts));
    if (facts.count == 0)
        return QV_OK; /* nobody could look them up */
    QV_TRY(qv_own_entries(rules, &facts, &own));
    qv_store_set_own(store, &own);
    return QV_OK;
}

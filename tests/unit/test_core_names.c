// links: domain
/*
 * The core systems' names: each dialect has its row, and each name is one that the dialect's own
 * rules leave as it is, or entries under it could not be looked up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quiver/domain/core_names.h>
#include <quiver/domain/names.h>

static const struct qv_dialect *dialect;

static void assert_stays(enum qv_entity entity, const char *name)
{
    QV_CLEANUP(qv_buf) struct qv_buf normalized = {0};
    qv_name_normalize(dialect, entity, qv_str_from(name), &normalized);
    assert_int_equal(qv_buf_status(&normalized), QV_OK);
    assert_string_equal(normalized.at, name);
    assert_int_equal(qv_name_check(dialect, entity, qv_str_from(name), NULL), QV_OK);
}

static void names_are_normal(void **state)
{
    (void)state;
    static const enum qv_dialect_id ids[] = {QV_DIALECT_5_0, QV_DIALECT_5_2};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        dialect = qv_dialect_get(ids[i]);
        const struct qv_core_names *names = qv_core_names(dialect);
        assert_string_equal(names->dialect, qv_dialect_name(dialect));
        assert_stays(QV_ENTITY_SYSTEM, names->operator_);
        assert_stays(QV_ENTITY_SYSTEM, names->registry);
        assert_stays(QV_ENTITY_SYSTEM, names->blacklist_system);
        assert_stays(QV_ENTITY_DEFINITION, names->blacklist_service);
        assert_stays(QV_ENTITY_OPERATION, names->blacklist_operation);
        assert_stays(QV_ENTITY_TEMPLATE, names->http_template);
        assert_stays(QV_ENTITY_TEMPLATE, names->https_template);
        for (size_t k = 0; k < QV_CORE_SERVICES; k++)
            assert_stays(QV_ENTITY_DEFINITION, names->services[k]);
        assert_int_equal(qv_version_check(dialect, qv_str_from(names->registry_version), NULL),
                         QV_OK);
    }
}

static void rows_differ(void **state)
{
    (void)state;
    assert_string_equal(qv_core_names(qv_dialect_get(QV_DIALECT_5_0))->registry, "serviceregistry");
    assert_string_equal(qv_core_names(qv_dialect_get(QV_DIALECT_5_2))->registry, "ServiceRegistry");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_normal),
        cmocka_unit_test(rows_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

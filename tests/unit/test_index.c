// links: registry
/*
 * The view's hash table: finds what was added, through growth and removal, and hashes as
 * SipHash-1-3.
 */
#include "../../src/registry/index.h"

#include <quiver/base/memory.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct item {
    struct index_node node;
    char name[24];
};

enum { MANY = 5000 };

static struct qv_str name_of(const struct item *item)
{
    return qv_str_from(item->name);
}

static void drop(struct index_node *node)
{
    free(node);
}

static void add_many(struct index *index, struct item *items[MANY])
{
    for (int i = 0; i < MANY; i++) {
        items[i] = calloc(1, sizeof(struct item));
        snprintf(items[i]->name, sizeof(items[i]->name), "name-%d", i);
        index_add(index, &items[i]->node, name_of(items[i]));
        /* also in the middle of moving from one table to the next, all are found */
        assert_ptr_equal(index_find(index, name_of(items[i / 2])), &items[i / 2]->node);
    }
}

static void finds_all_while_it_grows(void **state)
{
    (void)state;
    struct index index;
    struct item *items[MANY];
    assert_int_equal(index_init(&index), QV_OK);
    add_many(&index, items);
    assert_int_equal(index.count, MANY);
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(index_find(&index, name_of(items[i])), &items[i]->node);
    assert_null(index_find(&index, QV_STR("name-5000")));
    assert_null(index_find(&index, QV_STR("")));
    index_drain(&index, drop);
    assert_int_equal(index.count, 0);
}

static void removes_one_and_no_other(void **state)
{
    (void)state;
    struct index index;
    struct item *items[MANY];
    assert_int_equal(index_init(&index), QV_OK);
    add_many(&index, items);
    for (int i = 0; i < MANY; i += 2) {
        index_remove(&index, &items[i]->node);
        assert_null(index_find(&index, name_of(items[i])));
        free(items[i]);
    }
    assert_int_equal(index.count, MANY / 2);
    for (int i = 1; i < MANY; i += 2)
        assert_ptr_equal(index_find(&index, name_of(items[i])), &items[i]->node);
    index_drain(&index, drop);
}

static void grows_on_without_memory(void **state)
{
    (void)state;
    struct index index;
    struct item items[40] = {0};
    assert_int_equal(index_init(&index), QV_OK);
    for (int i = 0; i < 40; i++) {
        snprintf(items[i].name, sizeof(items[i].name), "n%d", i);
        qv_memory_fail_at(1);
        index_add(&index, &items[i].node, name_of(&items[i]));
        qv_memory_fail_at(0);
    }
    for (int i = 0; i < 40; i++)
        assert_ptr_equal(index_find(&index, name_of(&items[i])), &items[i].node);
    for (int i = 0; i < 40; i++)
        index_remove(&index, &items[i].node);
    index_drain(&index, drop);
}

static void fails_to_begin_without_memory(void **state)
{
    (void)state;
    struct index index;
    qv_memory_fail_at(1);
    assert_int_equal(index_init(&index), QV_NO_MEMORY);
    qv_memory_fail_at(0);
}

/* Computed with an independent implementation that gives the vector of SipHash-2-4's paper, run
   with 1 and 3 rounds: key 00 01 .. 0f, texts 00 01 02 ... of 0, 8 and 15 bytes. */
static void hashes_as_siphash_1_3(void **state)
{
    (void)state;
    const uint64_t seed[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
    const char text[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e";
    uint64_t empty = index_siphash(seed, QV_STR(""));
    uint64_t eight = index_siphash(seed, (struct qv_str){.at = text, .length = 8});
    uint64_t fifteen = index_siphash(seed, (struct qv_str){.at = text, .length = 15});
    assert_true(empty == 0xabac0158050fc4dcu);
    assert_true(eight == 0x369095118d299a8eu);
    assert_true(fifteen == 0xd320d86d2a519956u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_all_while_it_grows), cmocka_unit_test(removes_one_and_no_other),
        cmocka_unit_test(grows_on_without_memory),  cmocka_unit_test(fails_to_begin_without_memory),
        cmocka_unit_test(hashes_as_siphash_1_3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

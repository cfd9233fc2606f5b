/*
 * Integers, booleans and blanks as CHAP's clients may write them (spec/chap-registration B1.4).
 * Pure; any thread.
 */
#ifndef QUIVER_DOMAIN_CHAP_VALUES_H
#define QUIVER_DOMAIN_CHAP_VALUES_H

#include "chap_faults.h"

/** QV_CHAP_FAULT_NONE, or why it is no integer; integers have 64 bits here. */
enum qv_chap_fault qv_chap_integer_read(const json_t *value, json_int_t *ret_integer);
enum qv_chap_fault qv_chap_boolean_read(const json_t *value, bool *ret_boolean);

/** Is it white space (Unicode's White_Space)? */
bool qv_chap_is_blank(uint32_t code_point);
/** Without such characters at both ends. */
struct qv_str qv_chap_trim(struct qv_str text);

#endif

/*
 * Ids of CHAP services are slugs: lower-case letters, digits and single hyphens, a letter first and
 * no hyphen last (spec/chap-registration B1.4). Pure; any thread.
 */
#include <quiver/domain/chap.h>

bool qv_chap_id_is_valid(struct qv_str text)
{
    char before = '-'; /* as behind a hyphen: no other may follow */
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
        if (!letter && !(digit && i > 0) && !(c == '-' && before != '-'))
            return false;
        before = c;
    }
    return before != '-';
}

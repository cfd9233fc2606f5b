// links: domain
/*
 * CHAP registrations (spec/chap-registration B1.4-B1.6): what is stored of a body, and each fault
 * as its clients know it. The recorded answers are in test_chap_recorded.c.
 */
#include "domain_fixture.h"

#include <quiver/domain/chap.h>

#define DEPTH 128

#define REST "'model_metadata':{},'period_type':'weekly'}}"
#define BODY "{'url':'http://h:1','info':{'id':'a','display_name':'n'," REST
#define NO_METADATA                                                                                \
    "{'author':null,'author_note':null,'author_assessed_status':null,'contact_email':null,"        \
    "'organization':null,'organization_logo_url':null,'citation_info':null,"                       \
    "'repository_url':null,'documentation_url':null}"

static char *unquoted(const char *quoted)
{
    char *text = qv_strdup(quoted);
    assert_non_null(text);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    return text;
}

/* From text to text: the document, or the faults. */
static enum qv_status read_text(struct qv_str text, struct qv_buf *document, struct qv_buf *faults)
{
    QV_CLEANUP(qv_json) json_t *body = NULL;
    QV_CLEANUP(qv_chap_registration) struct qv_chap_registration *registration = NULL;
    QV_TRY(qv_chap_body_parse(text, DEPTH, &body, faults));
    QV_TRY(qv_chap_registration_read(body, &registration, faults));
    qv_chap_registration_write(registration, document);
    return qv_buf_status(document);
}

static void assert_stored(const char *quoted, const char *quoted_document)
{
    char *text = unquoted(quoted), *expected = unquoted(quoted_document);
    QV_CLEANUP(qv_buf) struct qv_buf document = {0}, faults = {0}, again = {0};
    if (read_text(qv_str_from(text), &document, &faults) != QV_OK)
        fail_msg("%s: %s", text, faults.at);
    assert_string_equal(document.at, expected);
    assert_int_equal(faults.length, 0);
    /* What is stored means itself. */
    assert_int_equal(read_text(qv_buf_str(&document), &again, &faults), QV_OK);
    assert_string_equal(again.at, expected);
    qv_free(text);
    qv_free(expected);
}

static void test_what_is_stored(void **state)
{
    (void)state;
    assert_stored(BODY, "{'id':'a','url':'http://h:1','info':{'id':'a','display_name':'n',"
                        "'version':'1.0.0','description':null,'model_metadata':" NO_METADATA ","
                        "'period_type':'weekly','min_prediction_periods':0,"
                        "'max_prediction_periods':100,"
                        "'allow_free_additional_continuous_covariates':false,"
                        "'required_covariates':[],'requires_geo':false}}");
    /* order and unknown members mean nothing; values are normalized; url is as it was sent */
    assert_stored(
        "{'x':[{}],'info':{'requires_geo':'Yes','required_covariates':['b','','b'],'y':1,"
        "'allow_free_additional_continuous_covariates':1,'max_prediction_periods':' 1_000 ',"
        "'min_prediction_periods':-3.0,'period_type':'monthly','model_metadata':{"
        "'documentation_url':'HTTP://H:80','repository_url':'https://h?x','phone':1,"
        "'citation_info':'','organization_logo_url':'http://h/a b','organization':'O',"
        "'contact_email':'Bob <Bob@EXAMPLE.org>','author_assessed_status':'orange',"
        "'author_note':'N','author':'A'},'description':'D','version':'','display_name':'',"
        "'id':'my-model-2-b'},'id':5,'url':'HTTP://Model:80/../a'}",
        "{'id':'my-model-2-b','url':'HTTP://Model:80/../a','info':{'id':'my-model-2-b',"
        "'display_name':'','version':'','description':'D','model_metadata':{'author':'A',"
        "'author_note':'N','author_assessed_status':'orange',"
        "'contact_email':'Bob@example.org','organization':'O',"
        "'organization_logo_url':'http://h/a%20b','citation_info':'',"
        "'repository_url':'https://h/?x','documentation_url':'http://h/'},"
        "'period_type':'monthly','min_prediction_periods':-3,'max_prediction_periods':1000,"
        "'allow_free_additional_continuous_covariates':true,"
        "'required_covariates':['b','','b'],'requires_geo':true}}");
}

static void test_parts_of_it(void **state)
{
    (void)state;
    QV_CLEANUP(qv_json)
    json_t *body = fixture_quoted("{'url':'https://h/','info':{'version':'2.0','id':'a',"
                                  "'display_name':'n'," REST);
    QV_CLEANUP(qv_buf) struct qv_buf faults = {0};
    struct qv_chap_registration *registration = NULL;
    assert_int_equal(qv_chap_registration_read(body, &registration, &faults), QV_OK);
    assert_string_equal(registration->id, "a");
    assert_string_equal(registration->url, "https://h/");
    assert_string_equal(registration->version, "2.0");
    assert_int_equal(json_object_size(registration->info), 11);
    qv_chap_registration_free(&registration);
    assert_null(registration);
    qv_chap_registration_free(&registration);
}

/* ---- faults ---- */

#define MISSING(loc, input)                                                                        \
    "{'type':'missing','loc':[" loc "],'msg':'Field required','input':" input "}"
#define FAULT(type, loc, msg, input)                                                               \
    "{'type':'" type "','loc':['body'," loc "],'msg':'" msg "','input':" input "}"
#define FAULT_CTX(type, loc, msg, input, ctx)                                                      \
    "{'type':'" type "','loc':['body'," loc "],'msg':'" msg "','input':" input ",'ctx':" ctx "}"
#define NO_OBJECT       "Input should be a valid dictionary or object to extract fields from"
#define NO_STRING       "Input should be a valid string"
#define IN_INFO(member) "{'url':'http://h:1','info':{" member ",'id':'a','display_name':'n'," REST
#define IN_METADATA(member)                                                                        \
    "{'url':'http://h:1','info':{'id':'a','display_name':'n','period_type':'weekly',"              \
    "'model_metadata':{" member "}}}"
#define OF(name)          "'info','" name "'"
#define OF_METADATA(name) "'info','model_metadata','" name "'"
#define URL_ERROR(input, words)                                                                    \
    FAULT_CTX("url_parsing", "'url'", "Input should be a valid URL, " words, input,                \
              "{'error':'" words "'}")

static const struct {
    const char *body, *faults;
} refusals[] = {
    {"null", MISSING("'body'", "null")},
    {"[]", "{'type':'model_attributes_type','loc':['body'],'msg':'" NO_OBJECT "','input':[]}"},
    {"1.5", "{'type':'model_attributes_type','loc':['body'],'msg':'" NO_OBJECT "','input':1.5}"},
    {"{}", MISSING("'body','url'", "{}") "," MISSING("'body','info'", "{}")},
    {"{'info':{'z':1,'b':[]},'url':'http://h'}",
     MISSING("'body','info','id'", "{'z':1,'b':[]}") "," MISSING(
         "'body','info','display_name'",
         "{'z':1,'b':[]}") "," MISSING("'body','info','model_metadata'",
                                       "{'z':1,'b':[]}") "," MISSING("'body','info','period_type'",
                                                                     "{'z':1,'b':[]}")},
    {"{'url':null,'info':5}", FAULT("string_type", "'url'", NO_STRING, "null") "," FAULT(
                                  "model_attributes_type", "'info'", NO_OBJECT, "5")},
    /* url: http or https */
    {"{'url':'','info':{'id':'a','display_name':'n'," REST, URL_ERROR("''", "input is empty")},
    {"{'url':'h/x','info':{'id':'a','display_name':'n'," REST,
     URL_ERROR("'h/x'", "relative URL without a base")},
    {"{'url':'http://','info':{'id':'a','display_name':'n'," REST,
     URL_ERROR("'http://'", "empty host")},
    {"{'url':'http://h\\n','info':{'id':'a','display_name':'n'," REST,
     URL_ERROR("'http://h\\n'", "control character")},
    /* the members of info */
    {IN_INFO("'version':2"), FAULT("string_type", OF("version"), NO_STRING, "2")},
    {IN_INFO("'version':null"), FAULT("string_type", OF("version"), NO_STRING, "null")},
    {IN_INFO("'description':[{'b':1,'a':2}]"),
     FAULT("string_type", OF("description"), NO_STRING, "[{'b':1,'a':2}]")},
    {IN_INFO("'min_prediction_periods':'abc'"),
     FAULT("int_parsing", OF("min_prediction_periods"),
           "Input should be a valid integer, unable to parse string as an integer", "'abc'")},
    {IN_INFO("'min_prediction_periods':1.5"),
     FAULT("int_from_float", OF("min_prediction_periods"),
           "Input should be a valid integer, got a number with a fractional part", "1.5")},
    {IN_INFO("'max_prediction_periods':null"),
     FAULT("int_type", OF("max_prediction_periods"), "Input should be a valid integer", "null")},
    {IN_INFO("'max_prediction_periods':1e20"),
     FAULT("int_parsing_size", OF("max_prediction_periods"),
           "Unable to parse input string as an integer, exceeded maximum size", "1.0e+20")},
    {IN_INFO("'requires_geo':'maybe'"),
     FAULT("bool_parsing", OF("requires_geo"),
           "Input should be a valid boolean, unable to interpret input", "'maybe'")},
    {IN_INFO("'requires_geo':{}"),
     FAULT("bool_type", OF("requires_geo"), "Input should be a valid boolean", "{}")},
    {IN_INFO("'required_covariates':'x'"),
     FAULT("list_type", OF("required_covariates"), "Input should be a valid list", "'x'")},
    {IN_INFO("'required_covariates':['a',1,null]"),
     FAULT("string_type", OF("required_covariates") ",1", NO_STRING,
           "1") "," FAULT("string_type", OF("required_covariates") ",2", NO_STRING, "null")},
    /* the members of model_metadata */
    {IN_METADATA("'author':1"), FAULT("string_type", OF_METADATA("author"), NO_STRING, "1")},
    {IN_METADATA("'contact_email':5"),
     FAULT("string_type", OF_METADATA("contact_email"), NO_STRING, "5")},
    {IN_METADATA("'contact_email':'x'"),
     FAULT_CTX("value_error", OF_METADATA("contact_email"),
               "value is not a valid email address: An email address must have an @-sign.", "'x'",
               "{'reason':'An email address must have an @-sign.'}")},
    {IN_METADATA("'documentation_url':1,'repository_url':'ftp://x'"),
     FAULT_CTX(
         "url_scheme", OF_METADATA("repository_url"),
         "URL scheme should be \"http\" or "
         "\"https\"",
         "'ftp://x'",
         "{'expected_schemes':'\"http\" or \"https\"'}") "," FAULT("url_type",
                                                                   OF_METADATA("documentation_url"),
                                                                   "URL input should be a string "
                                                                   "or URL",
                                                                   "1")},
};

/* In the tables `'` stands for `"`, so what is in apostrophes on the wire is in quotes here. */
static char *swapped(const char *quoted)
{
    char *text = qv_strdup(quoted);
    assert_non_null(text);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : (*at == '"' ? '\'' : *at);
    return text;
}

static void assert_refused(const char *quoted, const char *expected)
{
    char *text = unquoted(quoted), *items = swapped(expected);
    QV_CLEANUP(qv_buf) struct qv_buf document = {0}, faults = {0}, list = {0};
    qv_buf_printf(&list, "[%s]", items);
    assert_int_equal(read_text(qv_str_from(text), &document, &faults), QV_INVALID);
    assert_string_equal(faults.at, list.at);
    qv_free(text);
    qv_free(items);
}

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        assert_refused(refusals[i].body, refusals[i].faults);
}

static void test_words_are_those_of_the_table(void **state)
{
    (void)state;
    assert_refused("{'url':'http://h','info':{'id':'a','display_name':'n','model_metadata':{"
                   "'author_assessed_status':'Red'},'period_type':1}}",
                   FAULT_CTX("enum", OF_METADATA("author_assessed_status"),
                             "Input should be \"gray\", \"red\", \"orange\", \"yellow\" or "
                             "\"green\"",
                             "'Red'",
                             "{'expected':'\"gray\", \"red\", \"orange\", \"yellow\" or "
                             "\"green\"'}") "," FAULT_CTX("enum", OF("period_type"),
                                                          "Input should be \"weekly\" or "
                                                          "\"monthly\"",
                                                          "1",
                                                          "{'expected':'\"weekly\" or "
                                                          "\"monthly\"'}"));
}

static void test_faults_come_in_the_order_of_the_table(void **state)
{
    (void)state;
    static const char *const order[] = {"\"url\"]",        "\"id\"]",        "\"display_name\"]",
                                        "\"version\"]",    "\"author\"]",    "\"citation_info\"]",
                                        "\"period_type\"", "covariates\",0", "covariates\",2",
                                        "\"requires_geo\""};
    char *text = unquoted("{'info':{'requires_geo':7,'required_covariates':[1,'a',2],'version':0,"
                          "'model_metadata':{'citation_info':1,'author':2},'display_name':3,"
                          "'id':4},'url':null}");
    QV_CLEANUP(qv_buf) struct qv_buf document = {0}, faults = {0};
    assert_int_equal(read_text(qv_str_from(text), &document, &faults), QV_INVALID);
    const char *at = faults.at;
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        at = strstr(at, order[i]);
        if (at == NULL)
            fail_msg("%s is not in its place: %s", order[i], faults.at);
    }
    qv_free(text);
}

static void test_url_lengths(void **state)
{
    (void)state;
    /* The metadata's have a limit, the service's own has none. */
    char path[2084];
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    QV_CLEANUP(qv_buf) struct qv_buf body = {0}, document = {0}, faults = {0};
    qv_buf_printf(&body,
                  "{\"url\":\"http://h/%s\",\"info\":{\"id\":\"a\",\"display_name\":\"n\","
                  "\"period_type\":\"weekly\",\"model_metadata\":{\"repository_url\":\"http://h/"
                  "%s\",\"documentation_url\":\"http://h/%s\"}}}",
                  path, path, path + 9);
    assert_int_equal(read_text(qv_buf_str(&body), &document, &faults), QV_INVALID);
    assert_non_null(strstr(faults.at, "[{\"type\":\"url_too_long\",\"loc\":[\"body\",\"info\","
                                      "\"model_metadata\",\"repository_url\"],\"msg\":\"URL should "
                                      "have at most 2083 characters\",\"input\":\"http://h/xxx"));
    assert_non_null(strstr(faults.at, "xxx\",\"ctx\":{\"max_length\":2083}}]"));
    assert_null(strstr(faults.at, "documentation_url\"]"));
}

/* Each fault repeats what was sent: a body must not be answered by many times as much. */
static void test_what_is_told_is_bounded(void **state)
{
    (void)state;
    enum { BODY_LENGTH = 256 * 1024, MIB = 1024 * 1024 };
    QV_CLEANUP(qv_buf) struct qv_buf body = {0}, document = {0}, faults = {0};
    QV_CLEANUP(qv_json) json_t *told = NULL;
    qv_buf_put_text(&body, "{\"url\":\"http://h\",\"info\":{\"id\":\"a\",\"display_name\":\"n\","
                           "\"model_metadata\":{},\"period_type\":\"weekly\","
                           "\"required_covariates\":[0");
    while (body.length < BODY_LENGTH)
        qv_buf_put_text(&body, ",0");
    qv_buf_put_text(&body, "]}}");
    assert_int_equal(read_text(qv_buf_str(&body), &document, &faults), QV_INVALID);
    assert_true(faults.length > BODY_LENGTH && faults.length < MIB + 2 * BODY_LENGTH);
    assert_int_equal(qv_json_parse(qv_buf_str(&faults), DEPTH, &told, NULL), QV_OK);
    assert_true(json_array_size(told) > 1000);
}

static void test_ids(void **state)
{
    (void)state;
    static const struct qv_str good[] = {
        {"a", 1},           {"abc123", 6}, {"my-service", 10},
        {"chap-ewars", 10}, {"a-1", 3},    {"m-2-b3-4c", 9},
    };
    static const struct qv_str bad[] = {
        {"", 0},
        {"1a", 2},
        {"-a", 2},
        {"a-", 2},
        {"a--b", 4},
        {"a_b", 3},
        {"A", 1},
        {"a b", 3},
        {"a.b", 3},
        {"a/b", 3},
        {"a\n", 2},
        {"a\0b", 3},
        {"m\xC3\xB6"
         "d",
         4},
        {" a", 2},
        {"-", 1},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(qv_chap_id_is_valid(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(qv_chap_id_is_valid(bad[i]));
    QV_CLEANUP(qv_buf) struct qv_buf document = {0}, faults = {0};
    char *text = unquoted("{'url':'http://h','info':{'id':'a\\u0000','display_name':'n'," REST);
    assert_int_equal(read_text(qv_str_from(text), &document, &faults), QV_INVALID);
    assert_string_equal(faults.at,
                        "[{\"type\":\"value_error\",\"loc\":[\"body\",\"info\",\"id\"],\"msg\":"
                        "\"Value error, Service ID must be slug format: lowercase letters, "
                        "numbers, and hyphens (e.g., 'my-service', 'chap-ewars')\",\"input\":"
                        "\"a\\u0000\",\"ctx\":{\"error\":{}}}]");
    qv_free(text);
}

/* ---- texts that are no JSON, or lenient JSON ---- */

static const struct {
    struct qv_str text;
    size_t index;
} malformed[] = {
    {QV_STR("{\"url\": "), 8},
    {QV_STR("    "), 4},
    {QV_STR("{} x"), 3},
    {QV_STR("{\"u\": \"\xC3\xBC\xF0\x9F\x8C\xA7\", "), 12},
    {QV_STR("\n\n{\"u\":\n  oops}"), 10},
    {QV_STR("{\"a\":\"\\ud800b\"}"), 6},
    {QV_STR("{\"a\":9223372036854775808}"), 5},
    {QV_STR("{\"a\":1e400}"), 5},
    {QV_STR("{\"a\":NaN}"), 5},
    {QV_STR("[\"\xFF\"]"), 2},
};

static void test_malformed_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        QV_CLEANUP(qv_buf) struct qv_buf faults = {0}, head = {0};
        json_t *body = NULL;
        assert_int_equal(qv_chap_body_parse(malformed[i].text, DEPTH, &body, &faults), QV_INVALID);
        assert_null(body);
        qv_buf_printf(&head,
                      "[{\"type\":\"json_invalid\",\"loc\":[\"body\",%zu],\"msg\":\"JSON decode "
                      "error\",\"input\":{},\"ctx\":{\"error\":\"malformed JSON: ",
                      malformed[i].index);
        if (!qv_str_starts_with(qv_buf_str(&faults), qv_buf_str(&head)))
            fail_msg("row %zu: %s", i, faults.at);
        QV_CLEANUP(qv_json) json_t *list = fixture_json(faults.at);
        assert_int_equal(json_array_size(list), 1);
    }
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    static const struct {
        struct qv_str body;
        bool text;
    } rows[] = {
        {QV_STR(""), true},
        {QV_STR("{"), true},
        {QV_STR("\"\xC3\xBC\xF0\x9F\x8C\xA7\""), true},
        {QV_STR("\xEF\xBB\xBF{}"), true},
        {QV_STR("\"\xED\xA0\x80\xED\xBF\xBF\""), true}, /* halves of pairs */
        {QV_STR("\xFF\xFE{\0\xFC\0"), true},            /* UTF-16 */
        {QV_STR("\xFE\xFF\0{\0\xFC"), true},
        {QV_STR("{\0\xFC\0"), true},
        {QV_STR("\0\0\0\xFC"), true},
        {QV_STR("\xFF"), false},
        {QV_STR("\"\xFC\""), false}, /* Latin-1 */
        {QV_STR("\"abc\xC3"), false},
        {QV_STR("\"\xC0\x80\""), false},
        {QV_STR("\"\xED\xA0\""), false},
        {QV_STR("\"\xED\xA0\x80\xFC\""), false},
        {QV_STR("\"abc\0\xFC\""), false},
        {QV_STR("\"\xF4\x90\x80\x80\""), false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (qv_chap_body_is_text(rows[i].body) != rows[i].text)
            fail_msg("row %zu", i);
    }
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf faults = {0};
    QV_CLEANUP(qv_json) json_t *body = NULL;
    assert_int_equal(qv_chap_body_parse(QV_STR("[[[]]]"), 2, &body, &faults), QV_INVALID);
    assert_non_null(strstr(faults.at, "nested too deeply"));
    assert_int_equal(qv_chap_body_parse(QV_STR("[[[]]]"), 3, &body, &faults), QV_OK);
}

static void test_last_of_repeated_members_counts(void **state)
{
    (void)state;
    assert_stored("{'url':5,'info':5,'info':{'id':'A','id':'a','display_name':1,"
                  "'display_name':'n','model_metadata':5,'model_metadata':{},'period_type':"
                  "'weekly'},'url':'http://second:2'}",
                  "{'id':'a','url':'http://second:2','info':{'id':'a','display_name':'n',"
                  "'version':'1.0.0','description':null,'model_metadata':" NO_METADATA ","
                  "'period_type':'weekly','min_prediction_periods':0,"
                  "'max_prediction_periods':100,"
                  "'allow_free_additional_continuous_covariates':false,"
                  "'required_covariates':[],'requires_geo':false}}");
}

static void test_nul_in_texts_and_names_is_kept(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf document = {0}, faults = {0};
    struct qv_str text = QV_STR("\xEF\xBB\xBF{\"url\":\"http://h\",\"info\":{\"id\":\"a\","
                                "\"display_name\":\"x\\u0000y\",\"version\":\"\\u0000\","
                                "\"version\\u0000\":5,\"model_metadata\":{},\"period_type\":"
                                "\"weekly\"}}");
    assert_int_equal(read_text(text, &document, &faults), QV_OK);
    assert_non_null(strstr(document.at, "\"display_name\":\"x\\u0000y\",\"version\":\"\\u0000\""));
    assert_int_equal(read_text(QV_STR("{\"a\\u0000b\":1,\"a\":2}"), &document, &faults),
                     QV_INVALID);
    assert_non_null(strstr(faults.at, "\"input\":{\"a\\u0000b\":1,\"a\":2}}"));
}

static void test_texts_of_other_types(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf buf = {0};
    qv_chap_write_text_fault(QV_STR("{broken \"\xFF\""), &buf);
    assert_string_equal(
        buf.at, "[{\"type\":\"model_attributes_type\",\"loc\":[\"body\"],\"msg\":\"" NO_OBJECT
                "\",\"input\":\"{broken \\\"\xEF\xBF\xBD\\\"\"}]");
    qv_buf_truncate(&buf, 0);
    qv_chap_write_text_fault((struct qv_str){0}, &buf);
    assert_string_equal(buf.at, "[{\"type\":\"missing\",\"loc\":[\"body\"],\"msg\":\"Field "
                                "required\",\"input\":null}]");
}

static void test_faults_are_appended(void **state)
{
    (void)state;
    QV_CLEANUP(qv_buf) struct qv_buf faults = {0};
    struct qv_chap_registration *registration = NULL;
    qv_buf_put_text(&faults, "{\"detail\":");
    assert_int_equal(qv_chap_registration_read(NULL, &registration, &faults), QV_INVALID);
    assert_null(registration);
    assert_string_equal(faults.at, "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\"],\"msg\":"
                                   "\"Field required\",\"input\":null}]");
}

/* ---- memory ---- */

/* Lets each allocation fail once. */
static void sweep(const char *quoted, enum qv_status expected)
{
    char *text = unquoted(quoted);
    size_t nth = 1;
    for (;; nth++) {
        QV_CLEANUP(qv_buf) struct qv_buf document = {0}, faults = {0};
        qv_memory_fail_at(nth);
        enum qv_status status = read_text(qv_str_from(text), &document, &faults);
        bool reached = qv_memory_count() >= nth;
        qv_memory_fail_at(0);
        if (!reached) {
            assert_int_equal(status, expected);
            break;
        }
        if (status == expected) /* only where what failed was not needed */
            assert_true(document.length > 0 || faults.length > 0);
        else
            assert_int_equal(status, QV_NO_MEMORY);
    }
    assert_true(nth > 20);
    qv_free(text);
}

static void test_lack_of_memory_passes_for_nothing_else(void **state)
{
    (void)state;
    sweep(IN_METADATA("'author':'A','contact_email':'b@x.org','repository_url':'http://h'"), QV_OK);
    sweep("{'url':5,'info':{'required_covariates':[1,'a'],'model_metadata':{'contact_email':'x',"
          "'repository_url':'x','author_assessed_status':1}}}",
          QV_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_stored),
        cmocka_unit_test(test_parts_of_it),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_words_are_those_of_the_table),
        cmocka_unit_test(test_faults_come_in_the_order_of_the_table),
        cmocka_unit_test(test_url_lengths),
        cmocka_unit_test(test_what_is_told_is_bounded),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_malformed_texts),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_last_of_repeated_members_counts),
        cmocka_unit_test(test_nul_in_texts_and_names_is_kept),
        cmocka_unit_test(test_texts_of_other_types),
        cmocka_unit_test(test_faults_are_appended),
        cmocka_unit_test(test_lack_of_memory_passes_for_nothing_else),
    };
    return cmocka_run_group_tests(tests, fixture_setup, NULL);
}

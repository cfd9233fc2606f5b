/*
 * CHAP services as its list and detail show them (spec/chap-registration B1.2, B1.3): what the
 * entity holds already written, and the times that follow from its lease. Pure; any thread.
 */
#include <quiver/domain/chap.h>

enum { US_OF_SECOND = 1000000 };

void qv_chap_time_write(int64_t us, struct qv_buf *buf)
{
    int64_t rest = us % US_OF_SECOND;
    if (rest < 0)
        rest += US_OF_SECOND;
    qv_wall_write(buf, (struct qv_wall){.seconds = (us - rest) / US_OF_SECOND}, QV_WALL_SECONDS);
    if (buf->failed)
        return;
    qv_buf_truncate(buf, buf->length - 1); /* its Z */
    if (rest != 0) {
        qv_buf_put_char(buf, '.');
        qv_buf_put_digits(buf, (uint64_t)rest, 6);
    }
    qv_buf_put_text(buf, "+00:00");
}

static void write_time(const char *key, int64_t us, struct qv_buf *buf)
{
    qv_buf_put_text(buf, key);
    qv_buf_put_char(buf, '"');
    qv_chap_time_write(us, buf);
    qv_buf_put_char(buf, '"');
}

void qv_chap_write(const struct qv_chap *chap, enum qv_chap_dialect dialect,
                   const struct qv_chap_times *times, struct qv_buf *buf)
{
    qv_buf_put(buf, dialect == QV_CHAP_SEED ? chap->front : chap->front_lean);
    write_time(",\"registered_at\":", chap->registered_us, buf);
    write_time(",\"last_updated\":", times->pinged_us, buf);
    write_time(",\"last_ping_at\":", times->pinged_us, buf);
    write_time(",\"expires_at\":", times->ends_us, buf);
    qv_buf_put_char(buf, '}');
}

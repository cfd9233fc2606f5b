/*
 * The two clocks and the calendar.
 *
 * Holds always: qv_mono_now and qv_wall_now are the only places of Quiver that ask what time it
 * is; whatever else needs a time is given one. Any thread.
 */
#include <quiver/base/clock.h>
#include <time.h>

struct qv_mono qv_mono_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct qv_mono){.us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
}

struct qv_wall qv_wall_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (struct qv_wall){.seconds = now.tv_sec, .nanoseconds = (int32_t)now.tv_nsec};
}

struct qv_mono qv_mono_add_ms(struct qv_mono at, int64_t milliseconds)
{
    /* What would pass the end of time stays there: "never" must not become "long ago". */
    int64_t us;
    if (__builtin_mul_overflow(milliseconds, (int64_t)1000, &us) ||
        __builtin_add_overflow(at.us, us, &us))
        us = milliseconds > 0 ? INT64_MAX : INT64_MIN;
    return (struct qv_mono){.us = us};
}

int qv_wall_compare(struct qv_wall a, struct qv_wall b)
{
    if (a.seconds != b.seconds)
        return a.seconds < b.seconds ? -1 : 1;
    return (a.nanoseconds > b.nanoseconds) - (a.nanoseconds < b.nanoseconds);
}

/* Division that rounds down, so that the remainder is never negative; `by` is positive. */
static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

struct qv_wall qv_wall_from_ms(int64_t milliseconds)
{
    int64_t seconds = floor_divide(milliseconds, 1000);
    int32_t rest = (int32_t)(milliseconds % 1000);
    return (struct qv_wall){.seconds = seconds,
                            .nanoseconds = (rest < 0 ? rest + 1000 : rest) * 1000000};
}

int64_t qv_wall_to_ms(struct qv_wall at)
{
    int64_t milliseconds;
    if (__builtin_mul_overflow(at.seconds, (int64_t)1000, &milliseconds) ||
        __builtin_add_overflow(milliseconds, (int64_t)(at.nanoseconds / 1000000), &milliseconds))
        return at.seconds > 0 ? INT64_MAX : INT64_MIN;
    return milliseconds;
}

/*
 * The calendar repeats every 400 years (an era, 146,097 days). Counted from 1 March, a year ends
 * with its leap day, and the lengths of its months follow one linear formula.
 */
#define DAYS_OF_ERA  146097
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

int64_t qv_days_from_civil(int64_t year, int month, int day)
{
    int64_t march_year = month <= 2 ? year - 1 : year;
    int64_t era = floor_divide(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t month_from_march = month <= 2 ? month + 9 : month - 3;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_OF_ERA + day_of_era - DAYS_TO_1970;
}

void qv_civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    int64_t since_march = days + DAYS_TO_1970;
    int64_t era = floor_divide(since_march, DAYS_OF_ERA);
    int64_t day_of_era = since_march - era * DAYS_OF_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (int)((5 * day_of_year + 2) / 153);
    *ret_day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *ret_month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2 ? 1 : 0);
}

/*
 * Wall time as text: what Java's DateTimeFormatter.ISO_INSTANT reads and writes, because that is
 * what Arrowhead's clients send (spec/arrowhead-discovery 3.6).
 *
 * Holds always: reading takes the whole text or nothing; what qv_wall_write writes with
 * QV_WALL_EXACT, qv_wall_parse reads as the same instant. Any thread.
 */
#include <quiver/base/clock.h>

#define SECONDS_OF_DAY  86400
#define LARGEST_OFFSET  (18 * 3600)
#define YEAR_DIGITS_MAX 9

/* ---- writing ---- */

static void write_year(struct qv_buf *buf, int64_t year)
{
    if (year < 0)
        qv_buf_put_char(buf, '-');
    else if (year > 9999)
        qv_buf_put_char(buf, '+');
    qv_buf_put_digits(buf, (uint64_t)(year < 0 ? -year : year), 4);
}

static void write_two(struct qv_buf *buf, char before, uint64_t number)
{
    qv_buf_put_char(buf, before);
    qv_buf_put_digits(buf, number, 2);
}

static void write_fraction(struct qv_buf *buf, int32_t nanoseconds, enum qv_wall_digits digits)
{
    uint64_t number = (uint64_t)nanoseconds;
    unsigned width = 9;
    if (digits == QV_WALL_SECONDS || (digits == QV_WALL_EXACT && number == 0))
        return;
    for (; width > 3 && (number % 1000 == 0 || digits == QV_WALL_MILLISECONDS); width -= 3)
        number /= 1000;
    qv_buf_put_char(buf, '.');
    qv_buf_put_digits(buf, number, width);
}

void qv_wall_write(struct qv_buf *buf, struct qv_wall at, enum qv_wall_digits digits)
{
    int64_t days = at.seconds / SECONDS_OF_DAY;
    int64_t second_of_day = at.seconds % SECONDS_OF_DAY;
    if (second_of_day < 0) {
        second_of_day += SECONDS_OF_DAY;
        days--;
    }
    int64_t year;
    int month, day;
    qv_civil_from_days(days, &year, &month, &day);
    uint64_t second = (uint64_t)second_of_day;
    write_year(buf, year);
    write_two(buf, '-', (uint64_t)month);
    write_two(buf, '-', (uint64_t)day);
    write_two(buf, 'T', second / 3600);
    write_two(buf, ':', second / 60 % 60);
    write_two(buf, ':', second % 60);
    write_fraction(buf, at.nanoseconds, digits);
    qv_buf_put_char(buf, 'Z');
}

/* ---- reading: each step takes its part from the front of `rest` ---- */

struct fields {
    int64_t year;
    int month, day, hour, minute, second, nanoseconds;
    int offset; /* seconds east of UTC */
};

static bool take_char(struct qv_str *rest, char c)
{
    if (rest->length == 0 || rest->at[0] != c)
        return false;
    *rest = qv_str_part(*rest, 1, SIZE_MAX);
    return true;
}

/* As many digits as there are. */
static struct qv_str take_digits(struct qv_str *rest)
{
    size_t length = 0;
    while (length < rest->length && rest->at[length] >= '0' && rest->at[length] <= '9')
        length++;
    struct qv_str digits = qv_str_part(*rest, 0, length);
    *rest = qv_str_part(*rest, length, SIZE_MAX);
    return digits;
}

/* Exactly two digits of a number from 0 to `max`. */
static bool take_two(struct qv_str *rest, uint64_t max, int *ret_value)
{
    uint64_t value;
    if (rest->length < 2 || qv_str_to_uint(qv_str_part(*rest, 0, 2), max, &value) != QV_OK)
        return false;
    *rest = qv_str_part(*rest, 2, SIZE_MAX);
    *ret_value = (int)value;
    return true;
}

/* Four digits without a sign; a plus sign only before more of them; a minus before either. */
static bool take_year(struct qv_str *rest, int64_t *ret_year)
{
    bool negative = take_char(rest, '-');
    bool positive = !negative && take_char(rest, '+');
    struct qv_str digits = take_digits(rest);
    uint64_t year;
    if (digits.length < 4 || digits.length > YEAR_DIGITS_MAX || (positive && digits.length == 4) ||
        (!positive && !negative && digits.length > 4) ||
        qv_str_to_uint(digits, UINT64_MAX, &year) != QV_OK || (negative && year == 0))
        return false;
    *ret_year = negative ? -(int64_t)year : (int64_t)year;
    return true;
}

static bool take_fraction(struct qv_str *rest, int *ret_nanoseconds)
{
    *ret_nanoseconds = 0;
    if (!take_char(rest, '.'))
        return true;
    struct qv_str digits = take_digits(rest);
    if (digits.length > 9)
        return false;
    int value = 0;
    for (size_t i = 0; i < 9; i++)
        value = value * 10 + (i < digits.length ? digits.at[i] - '0' : 0);
    *ret_nanoseconds = value;
    return true;
}

static bool take_offset(struct qv_str *rest, int *ret_offset)
{
    *ret_offset = 0;
    if (take_char(rest, 'Z') || take_char(rest, 'z'))
        return true;
    bool west = take_char(rest, '-');
    int hours, minutes, seconds = 0;
    if ((!west && !take_char(rest, '+')) || !take_two(rest, 18, &hours) || !take_char(rest, ':') ||
        !take_two(rest, 59, &minutes))
        return false;
    if (take_char(rest, ':') && !take_two(rest, 59, &seconds))
        return false;
    int offset = hours * 3600 + minutes * 60 + seconds;
    *ret_offset = west ? -offset : offset;
    return offset <= LARGEST_OFFSET;
}

static bool take_fields(struct qv_str rest, struct fields *ret_fields)
{
    struct fields f = {0};
    if (!take_year(&rest, &f.year) || !take_char(&rest, '-') || !take_two(&rest, 12, &f.month) ||
        !take_char(&rest, '-') || !take_two(&rest, 31, &f.day))
        return false;
    if (!take_char(&rest, 'T') && !take_char(&rest, 't'))
        return false;
    if (!take_two(&rest, 24, &f.hour) || !take_char(&rest, ':') ||
        !take_two(&rest, 59, &f.minute) || !take_char(&rest, ':') ||
        !take_two(&rest, 60, &f.second))
        return false;
    if (!take_fraction(&rest, &f.nanoseconds) || !take_offset(&rest, &f.offset) || rest.length != 0)
        return false;
    *ret_fields = f;
    return true;
}

static int days_of_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Midnight as 24:00:00 and the leap second as 23:59:60 are the only ones beyond the clock. */
static bool is_on_the_clock(const struct fields *f)
{
    if (f->hour == 24)
        return f->minute == 0 && f->second == 0 && f->nanoseconds == 0;
    return f->second < 60 || (f->hour == 23 && f->minute == 59);
}

enum qv_status qv_wall_parse(struct qv_str text, struct qv_wall *ret_at)
{
    struct fields f;
    if (!take_fields(text, &f) || f.month < 1 || f.day < 1 ||
        f.day > days_of_month(f.year, f.month) || !is_on_the_clock(&f))
        return QV_INVALID;
    if (f.second == 60)
        f.second = 59;
    int64_t days = qv_days_from_civil(f.year, f.month, f.day);
    *ret_at = (struct qv_wall){
        .seconds = days * SECONDS_OF_DAY + f.hour * 3600 + f.minute * 60 + f.second - f.offset,
        .nanoseconds = f.nanoseconds,
    };
    return QV_OK;
}

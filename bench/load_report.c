/*
 * What a run came to: CPU times from /proc and the result as one JSON object. One thread.
 */
#include "load.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *const error_names[LOAD_ERROR_COUNT] = {
    [LOAD_ERROR_CONNECT] = "connect", [LOAD_ERROR_HANDSHAKE] = "handshake",
    [LOAD_ERROR_BROKEN] = "broken",   [LOAD_ERROR_ANSWER] = "answer",
    [LOAD_ERROR_STATUS] = "status",
};

void load_run_error(struct load_run *run, enum load_error error, const char *detail)
{
    if (run->first_error[0] == '\0') {
        snprintf(run->first_error, sizeof(run->first_error), "%s: %s", error_names[error], detail);
    }
    run->errors[error]++;
}

/* utime and stime are the 14th and 15th field; the 2nd, the name, may hold blanks and brackets. */
bool load_cpu_of(int pid, uint64_t *ret_us)
{
    char path[64], text[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? read(file, text, sizeof(text) - 1) : -1;
    if (file >= 0) {
        close(file);
    }
    if (length <= 0) {
        return false;
    }
    text[length] = '\0';
    unsigned long long user = 0, system = 0;
    const char *behind = strrchr(text, ')');
    if (behind == NULL ||
        sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
               &system) != 2) {
        return false;
    }
    *ret_us = (user + system) * 1000000ULL / (unsigned long long)sysconf(_SC_CLK_TCK);
    return true;
}

static uint64_t us_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000U + (uint64_t)time.tv_usec;
}

uint64_t load_cpu_own(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? us_of(usage.ru_utime) + us_of(usage.ru_stime) : 0;
}

/* OpenSSL's and the system's words are plain ASCII; what is not is left out. */
static void print_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            putchar('\\');
        }
        if (*text >= ' ' && *text <= '~') {
            putchar(*text);
        }
    }
    putchar('"');
}

static void print_latency(const struct load_latency *latency)
{
    static const struct {
        const char *name;
        double share;
    } points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
    printf("\"latency_us\": {\"min\": %llu, \"mean\": %.1f", (unsigned long long)latency->min,
           latency->count > 0 ? (double)latency->sum / (double)latency->count : 0.0);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        printf(", \"%s\": %llu", points[i].name,
               (unsigned long long)load_latency_at(latency, points[i].share));
    }
    printf(", \"max\": %llu}", (unsigned long long)latency->max);
}

static void print_errors(const struct load_run *run)
{
    printf("\"errors\": {");
    for (size_t i = 0; i < LOAD_ERROR_COUNT; i++) {
        printf("%s\"%s\": %llu", i > 0 ? ", " : "", error_names[i],
               (unsigned long long)run->errors[i]);
    }
    printf("}, \"first_error\": ");
    print_text(run->first_error);
}

static void print_cpu(const struct load_run *run)
{
    printf("\"cpu\": [");
    for (size_t i = 0; i < run->options->pid_count; i++) {
        printf("%s{\"pid\": %d, \"us\": %llu, \"us_per_request\": %.3f}", i > 0 ? ", " : "",
               run->options->pids[i], (unsigned long long)run->cpu_us[i],
               run->good > 0 ? (double)run->cpu_us[i] / (double)run->good : 0.0);
    }
    printf("]");
}

bool load_report(const struct load_run *run)
{
    double seconds = (double)(run->ended_us - run->started_us) / 1e6;
    printf("{\"good\": %llu, \"seconds\": %.6f, \"per_second\": %.1f, ",
           (unsigned long long)run->good, seconds, seconds > 0 ? (double)run->good / seconds : 0.0);
    print_errors(run);
    printf(", \"resumed\": %llu", (unsigned long long)run->resumed);
    if (run->options->every > 0) {
        printf(", \"late\": %llu", (unsigned long long)run->late);
    }
    if (run->options->hold) {
        printf(", \"held\": {\"ended\": %llu, \"first_us\": %llu, \"last_us\": %llu}",
               (unsigned long long)run->ended, (unsigned long long)run->first_ended_us,
               (unsigned long long)run->last_ended_us);
    }
    printf(", \"answer_bytes\": {\"min\": %llu, \"max\": %llu}, ",
           (unsigned long long)run->bytes_min, (unsigned long long)run->bytes_max);
    print_latency(&run->latency);
    printf(", ");
    print_cpu(run);
    printf(", \"load_cpu_share\": %.3f}\n",
           seconds > 0 ? (double)run->own_cpu_us / 1e6 / seconds : 0.0);
    return fflush(stdout) == 0;
}

/* How the threads of MODEL wait and end: threads MODE STEPS FIRST SECOND. Parameters are written to the files FIRST and SECOND. */
#define _GNU_SOURCE
#include HEADER
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define F(name) JOIN(MODEL, name)
#define CHECK(x) do { if (!(x)) { fprintf(stderr, "line %d: %s\n", __LINE__, #x); exit(1); } } while (0)
enum { MOST_SECONDS = 200 }; /* after which a process that hangs is ended */

static uint32_t state = 1;
static uint32_t next(void) { return (state = state * 1664525u + 1013904223u) >> 16; }

static void train(F(_model) *m, int steps) {
    float images[16 * 64];
    int32_t labels[16];
    for (int s = 0; s < steps; s++) {
        for (int i = 0; i < 16 * 64; i++) images[i] = (float)next() / 65536.0f;
        for (int i = 0; i < 16; i++) labels[i] = (int32_t)(next() % 10);
        CHECK(F(_train_step)(m, images, labels, NULL, NULL) == 0);
    }
}

static void write_parameters(F(_model) *m, const char *path) {
    FILE *file = fopen(path, "wb");
    CHECK(file);
    for (int i = 0; i < F(_parameter_count)(); i++) {
        const char *name = F(_parameter_name)(i);
        size_t bytes = (size_t)F(_parameter_bytes)(name);
        void *data = malloc(bytes);
        CHECK(F(_get_parameter)(m, name, data, bytes) == 0 && fwrite(data, 1, bytes, file) == bytes);
        free(data);
    }
    CHECK(fclose(file) == 0);
}

static void confine(pid_t thread) {
    cpu_set_t own, one;
    CHECK(sched_getaffinity(0, sizeof own, &own) == 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &own)) CPU_SET(i, &one);
    CHECK(sched_setaffinity(thread, sizeof one, &one) == 0);
}

/* Calls `visit` for every thread, and counts them. */
static int threads(void (*visit)(pid_t)) {
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    CHECK(tasks);
    for (struct dirent *e; (e = readdir(tasks));)
        if (e->d_name[0] != '.') {
            count++;
            if (visit) visit((pid_t)atoi(e->d_name));
        }
    closedir(tasks);
    return count;
}

static int awake;
static void count_awake(pid_t thread) {
    char path[64], stat[512] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    FILE *file = fopen(path, "r");
    if (!file) return;
    size_t read = fread(stat, 1, sizeof stat - 1, file);
    fclose(file);
    char *end = read > 0 ? strrchr(stat, ')') : NULL;
    if (end && end[2] != 'S') awake++;
}

static long long used_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* A child trains on as its parent does, and neither waits for threads that the child does not have. */
static void in_fork(F(_model) *m, int steps, const char *first, const char *second) {
    train(m, steps / 2);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) alarm(MOST_SECONDS);
    train(m, steps - steps / 2);
    if (child == 0) {
        CHECK(threads(NULL) == 1);
        write_parameters(m, first);
        F(_destroy)(m);
        CHECK(F(_create)(2, &m) == 0); /* The child's own, with threads if there are processors. */
        train(m, steps);
        F(_destroy)(m);
        exit(0);
    }
    write_parameters(m, second);
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Workers that have nothing to do sleep. */
static void idle(F(_model) *m, int steps) {
    train(m, steps);
    for (awake = 2; awake > 1; usleep(1000)) { /* The thread that looks is awake. */
        awake = 0;
        threads(count_awake);
    }
    long long before = used_ns();
    usleep(300000);
    CHECK(used_ns() - before < 50000000);
}

int main(int argc, char **argv) {
    CHECK(argc == 5);
    const char *mode = argv[1], *first = argv[3], *second = argv[4];
    int steps = atoi(argv[2]);
    F(_model) *m, *other;
    alarm(MOST_SECONDS);
    if (strcmp(mode, "affinity") == 0) {
        confine(0);
        CHECK(F(_create)(0, &m) == 0 && F(_create)(2, &other) == 0);
        CHECK(threads(NULL) == 1);
        F(_destroy)(other);
    } else CHECK(F(_create)(2, &m) == 0);
    if (strcmp(mode, "fork") == 0) in_fork(m, steps, first, second);
    else if (strcmp(mode, "idle") == 0) idle(m, steps);
    else {
        threads(confine); /* Of both workers to one processor. */
        train(m, steps);
    }
    write_parameters(m, second);
    F(_destroy)(m);
    while (threads(NULL) > 1) usleep(1000); /* Ended, but perhaps still listed. */
    return 0;
}

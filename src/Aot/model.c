/* The part of a compiled model's shared library that is the same for every model. The generated file before this one
   declares MODEL, the buffers, the variants and the initial parameters, and asks for what Linux has beyond C. */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ALIGNMENT 64
#define MAX_PROCESSORS 8192 /* of Linux */

/* How a thread waits, as in the .NET runtime's Backoff: it spins, it yields the processor, then it sleeps. */
enum { SPINS = 1024, YIELD_NS = 200000 };

/* The control block of a program's barriers, as KernelAbi in the .NET runtime has it. */
typedef struct {
    uint64_t arrived; /* in the low half; SLEEPS beside it */
    char apart[56];
    uint64_t generation;
    void (*wait)(void *barrier, int64_t generation, int64_t workers);
    void (*wake)(void *barrier);
    char rest[40];
} barrier_block;
_Static_assert(sizeof(barrier_block) == 128 && offsetof(barrier_block, generation) == 64, "KernelAbi");
#define SLEEPS ((uint64_t)1 << 32)

/* Whether all threads run the next step or the caller's alone, whichever took less time lately: as ThreadCountTuner in the .NET runtime,
   whose numbers these are. A trial times up to 32 steps each way, after two to settle. */
enum phase { TRY_ALL, TRY_ONE, HOLD_ALL, HOLD_ONE };
enum { SETTLING = 2, LEAST_TIMED = 3, MOST_TIMED = 32, LEAST_HELD = 128, HELD_TO_TRIED = 100, TRIAL_NS = 1000000, HELD_NS = 100000000 };
typedef struct { enum phase phase; int prefers_one, doubts, step, count, all_count; int64_t sum, longest, all, held, left; } tuner;

typedef struct { entry_function entry; void **buffers; uint8_t *arena; barrier_block *barrier; int64_t workers; tuner tuner; } program;
typedef struct { struct MODEL_TYPE *model; int64_t index; pthread_t thread; } worker;

struct MODEL_TYPE {
    void *states[STATE_COUNT + 1];
    void *outputs[2][OUTPUT_COUNT + 1];
    program programs[2];
    worker *workers;
    int64_t threads, started;
    program *job;
    int stopping;
    uint32_t forks; /* of this process's ancestors when the workers were started */
    char error[512];
    /* What the caller writes and what workers write, apart. */
    char before[128];
    uint32_t generation, sleeping_workers;
    char between[128];
    uint32_t running, caller_sleeps;
    char after[128];
};

static int fail(struct MODEL_TYPE *m, int status, const char *what, const char *detail) {
    snprintf(m->error, sizeof m->error, "error SGC%d: %s%s", status, what, detail);
    return status;
}

static void *zeroed(size_t bytes) {
    size_t size = (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT; /* at least one line */
    void *memory = aligned_alloc(ALIGNMENT, size);
    return memory ? memset(memory, 0, size) : NULL;
}

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

/* Returns when the word has changed, when it is woken, or early. */
static void futex_wait(uint32_t *word, uint32_t expected) { syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL); }

static void futex_wake(uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX); }

/* Waits awhile for a word to be `wanted`, or to be another than that; whether it came to be so. */
static int comes(const uint32_t *word, uint32_t wanted, int is_equal) {
    for (int i = 0; i < SPINS; i++) {
        if ((__atomic_load_n(word, __ATOMIC_ACQUIRE) == wanted) == is_equal) return 1;
        pause_briefly();
    }
    for (int64_t end = nanoseconds() + YIELD_NS; nanoseconds() < end; sched_yield())
        if ((__atomic_load_n(word, __ATOMIC_ACQUIRE) == wanted) == is_equal) return 1;
    return 0;
}

/* What generated code calls after SPINS looks; returns in the next generation. A sleeper says so in the word that arrivals are counted in:
   either the last to arrive sees that, or the sleeper sees that all have arrived. */
static void barrier_wait(void *barrier, int64_t generation, int64_t workers) {
    barrier_block *b = barrier;
    int64_t end = nanoseconds() + YIELD_NS;
    while (__atomic_load_n(&b->generation, __ATOMIC_ACQUIRE) == (uint64_t)generation) {
        if (nanoseconds() >= end) {
            uint32_t arrived = (uint32_t)__atomic_fetch_or(&b->arrived, SLEEPS, __ATOMIC_SEQ_CST);
            if (arrived > 0 && arrived < (uint32_t)workers) {
                futex_wait((uint32_t *)&b->generation, (uint32_t)generation);
                continue;
            }
        }
        sched_yield();
    }
}

static void barrier_wake(void *barrier) { futex_wake((uint32_t *)&((barrier_block *)barrier)->generation); }

/* Who is about to sleep says so before the last look, and who publishes looks after: one of the two sees the other. */
static void await_job(struct MODEL_TYPE *m, uint32_t seen) {
    if (comes(&m->generation, seen, 0)) return;
    __atomic_add_fetch(&m->sleeping_workers, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&m->generation, __ATOMIC_SEQ_CST) == seen) futex_wait(&m->generation, seen);
    __atomic_sub_fetch(&m->sleeping_workers, 1, __ATOMIC_SEQ_CST);
}

static void await_workers(struct MODEL_TYPE *m) {
    if (comes(&m->running, 0, 1)) return;
    __atomic_store_n(&m->caller_sleeps, 1, __ATOMIC_SEQ_CST);
    for (uint32_t running; (running = __atomic_load_n(&m->running, __ATOMIC_SEQ_CST)) != 0;) futex_wait(&m->running, running);
    __atomic_store_n(&m->caller_sleeps, 0, __ATOMIC_RELAXED);
}

static void *work(void *argument) {
    worker *self = argument;
    struct MODEL_TYPE *m = self->model;
    for (uint32_t seen = 0;; seen++) {
        await_job(m, seen);
        if (m->stopping) return NULL;
        program *p = m->job;
        p->entry(p->buffers, p->arena, self->index, p->workers, p->barrier);
        if (__atomic_sub_fetch(&m->running, 1, __ATOMIC_SEQ_CST) == 0 && __atomic_load_n(&m->caller_sleeps, __ATOMIC_SEQ_CST))
            futex_wake(&m->running);
    }
}

static void publish(struct MODEL_TYPE *m) {
    __atomic_store_n(&m->running, (uint32_t)m->started, __ATOMIC_RELEASE);
    __atomic_add_fetch(&m->generation, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&m->sleeping_workers, __ATOMIC_SEQ_CST)) futex_wake(&m->generation);
}

/* Forks between this process and the one that loaded the library. A child has the thread that forked, and none of the workers. */
static uint32_t forks;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static int fork_status;

static void count_fork(void) { forks++; }

static void watch_forks(void) { fork_status = pthread_atfork(NULL, NULL, count_fork); }

/* After a fork the calling thread runs alone. */
static void forget_workers_of_parent(struct MODEL_TYPE *m) {
    if (m->forks == forks) return;
    m->forks = forks;
    m->started = 0;
    m->programs[0].workers = m->programs[1].workers = 1;
}

/* Those that this process may use, which may be fewer than the machine has. */
static int processors(void) {
    size_t bytes = CPU_ALLOC_SIZE(MAX_PROCESSORS);
    cpu_set_t *set = CPU_ALLOC(MAX_PROCESSORS);
    int count = set && sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 1;
    CPU_FREE(set);
    return count;
}

static int is_timed(const tuner *t) { return t->phase <= TRY_ONE && t->step >= SETTLING; }

static void begin_trial(tuner *t, enum phase phase) {
    t->phase = phase;
    t->step = t->count = 0;
    t->sum = t->longest = 0;
}

/* The mean without the longest step, which another program may have interrupted. The number of threads is held for so long that trying
   the slower way costs less than a hundredth. */
static void end_trial(tuner *t) {
    int64_t mean = (t->sum - t->longest) / (t->count - 1);
    if (t->phase == TRY_ALL) {
        t->all = mean;
        t->all_count = t->count;
        begin_trial(t, TRY_ONE);
        return;
    }
    int is_one_faster = mean < t->all, is_change = is_one_faster != t->prefers_one;
    t->doubts = is_change && !t->doubts; /* caches may have been cold: a change takes two trials that agree */
    if (t->doubts) {
        begin_trial(t, TRY_ALL);
        return;
    }
    int64_t fast = is_one_faster ? mean : t->all, slow = is_one_faster ? t->all : mean;
    if (fast < 1) fast = 1;
    int64_t least = HELD_TO_TRIED * (SETTLING + (is_one_faster ? t->all_count : t->count)) * (slow - fast) / fast, most = HELD_NS / fast;
    if (least < LEAST_HELD) least = LEAST_HELD;
    if (most < least) most = least;
    t->held = is_change ? least : t->held * 2;
    if (t->held < least) t->held = least;
    if (t->held > most) t->held = most;
    t->phase = is_one_faster ? HOLD_ONE : HOLD_ALL;
    t->prefers_one = is_one_faster;
    t->left = t->held;
}

static void count_step(tuner *t, int64_t elapsed) {
    if (t->phase > TRY_ONE) {
        if (--t->left == 0) begin_trial(t, TRY_ALL);
        return;
    }
    if (t->step++ < SETTLING) return;
    t->count++;
    t->sum += elapsed;
    if (elapsed > t->longest) t->longest = elapsed;
    if (t->count == MOST_TIMED || (t->count >= LEAST_TIMED && t->sum >= TRIAL_NS)) end_trial(t);
}

static void run_on_all(struct MODEL_TYPE *m, program *p) {
    m->job = p;
    publish(m);
    p->entry(p->buffers, p->arena, 0, p->workers, p->barrier);
    await_workers(m);
}

static void run(struct MODEL_TYPE *m, program *p) {
    forget_workers_of_parent(m);
    if (p->workers == 1) {
        p->entry(p->buffers, p->arena, 0, 1, p->barrier);
        return;
    }
    int timed = is_timed(&p->tuner);
    int64_t start = timed ? nanoseconds() : 0;
    if (p->tuner.phase == TRY_ALL || p->tuner.phase == HOLD_ALL) run_on_all(m, p);
    else p->entry(p->buffers, p->arena, 0, 1, p->barrier);
    count_step(&p->tuner, timed ? nanoseconds() - start : 0);
}

/* Runs program 0 (training) or 1 (prediction). */
static int call(struct MODEL_TYPE *m, int number, const void *const *inputs, void *const *outputs) {
    const buffer *buffers = number == 0 ? training_buffers : prediction_buffers;
    int count = number == 0 ? TRAINING_COUNT : PREDICTION_COUNT;
    program *p = &m->programs[number];
    for (int i = 0; i < count; i++)
        if (buffers[i].role == ROLE_INPUT) {
            const void *given = inputs[buffers[i].index];
            if (!given) return fail(m, 5001, "a null pointer was given for input ", buffers[i].name);
            p->buffers[i] = (void *)given;
        }
    run(m, p);
    for (int i = 0; i < count; i++)
        if (buffers[i].role == ROLE_OUTPUT && outputs[buffers[i].index])
            memcpy(outputs[buffers[i].index], p->buffers[i], buffers[i].bytes);
    return 0;
}

static int prepare(struct MODEL_TYPE *m, int number, const buffer *buffers, int count, const variant_entry *entry) {
    program *p = &m->programs[number];
    if (!entry->entry) return 0;
    p->entry = entry->entry;
    p->workers = entry->parallel ? m->threads : 1;
    p->arena = zeroed((size_t)entry->arena_bytes);
    p->barrier = zeroed(sizeof(barrier_block));
    p->buffers = calloc((size_t)count + 1, sizeof(void *));
    if (!p->arena || !p->barrier || !p->buffers) return 5101;
    p->barrier->wait = barrier_wait;
    p->barrier->wake = barrier_wake;
    for (int i = 0; i < count; i++) {
        if (buffers[i].role == ROLE_INPUT) continue;
        void **slot = buffers[i].role == ROLE_STATE ? &m->states[buffers[i].index] : &m->outputs[number][buffers[i].index];
        if (!*slot && !(*slot = zeroed(buffers[i].bytes))) return 5101;
        p->buffers[i] = *slot;
    }
    return 0;
}

static int start_workers(struct MODEL_TYPE *m) {
    if (m->programs[0].workers <= 1 && m->programs[1].workers <= 1) return 0;
    if (pthread_once(&fork_once, watch_forks) || fork_status) return 5101;
    m->workers = calloc((size_t)m->threads, sizeof(worker));
    if (!m->workers) return 5101;
    for (int64_t i = 1; i < m->threads; i++) {
        worker *w = &m->workers[i];
        w->model = m;
        w->index = i;
        if (pthread_create(&w->thread, NULL, work, w)) return 5101;
        m->started++;
    }
    return 0;
}

/* For the facade; whether the processor and the system can run variant number `number`. */
API int NAME(_is_supported)(int number) { return is_supported(number); }

API int NAME(_create)(int threads, struct MODEL_TYPE **model) {
    *model = NULL;
    const variant *best = NULL;
    for (int i = 0; i < VARIANT_COUNT && !best; i++)
        if (is_supported(i)) best = &variants[i];
    if (!best) return 7205;
    if (threads < 0 || threads > MAX_THREADS) return 7207;
    int most = processors();
    if (threads == 0) threads = MAX_THREADS;
    if (threads > most) threads = most; /* more would only wait for one another */
    struct MODEL_TYPE *m = calloc(1, sizeof *m);
    if (!m) return 5101;
    m->threads = threads;
    m->forks = forks;
    int status = prepare(m, 0, training_buffers, TRAINING_COUNT, &best->training);
    if (!status) status = prepare(m, 1, prediction_buffers, PREDICTION_COUNT, &best->prediction);
    if (!status) status = start_workers(m);
    if (status) {
        NAME(_destroy)(m);
        return status;
    }
    const uint8_t *from = INITIAL;
    for (int i = 0; i < PARAMETER_COUNT; i++) {
        memcpy(m->states[parameters[i].state], from, parameters[i].bytes);
        from += parameters[i].bytes;
    }
    *model = m;
    return 0;
}

API void NAME(_destroy)(struct MODEL_TYPE *m) {
    if (!m) return;
    forget_workers_of_parent(m);
    if (m->started) {
        m->stopping = 1;
        publish(m);
        for (int64_t i = 1; i <= m->started; i++) pthread_join(m->workers[i].thread, NULL);
    }
    for (int n = 0; n < 2; n++) {
        free(m->programs[n].arena);
        free(m->programs[n].barrier);
        free(m->programs[n].buffers);
        for (int i = 0; i < OUTPUT_COUNT; i++) free(m->outputs[n][i]);
    }
    for (int i = 0; i < STATE_COUNT; i++) free(m->states[i]);
    free(m->workers);
    free(m);
}

API const char *NAME(_last_error)(const struct MODEL_TYPE *m) { return m->error; }

API const char *NAME(_status_text)(int status) {
    switch (status) {
    case 0: return "done";
    case 5001: return "error SGC5001: a buffer has the wrong length, or is null";
    case 5004: return "error SGC5004: no parameter has this name";
    case 5101: return "error SGC5101: memory or threads are not to be had";
    case 6001: return "error SGC6001: a file cannot be opened, read or written";
    case 7205: return "error SGC7205: this processor lacks a feature that the model was compiled for; build it for a lower --target";
    case 7207: return "error SGC7207: the model was compiled for fewer threads; build it with more --threads";
    case 7208: return "error SGC7208: not a checkpoint of this model, cut short, or altered";
    default: return "unknown status";
    }
}

API int NAME(_parameter_count)(void) { return PARAMETER_COUNT; }

API const char *NAME(_parameter_name)(int index) {
    return index >= 0 && index < PARAMETER_COUNT ? parameters[index].name : NULL;
}

static const parameter *find(const char *name) {
    for (int i = 0; name && i < PARAMETER_COUNT; i++)
        if (strcmp(parameters[i].name, name) == 0) return &parameters[i];
    return NULL;
}

API int64_t NAME(_parameter_bytes)(const char *name) {
    const parameter *p = find(name);
    return p ? (int64_t)p->bytes : -1;
}

static int copy_parameter(struct MODEL_TYPE *m, const char *name, void *to, const void *from, size_t bytes) {
    const parameter *p = find(name);
    if (!p) return fail(m, 5004, "no parameter is named ", name ? name : "(null)");
    if (bytes != p->bytes || (!to && !from)) return fail(m, 5001, "another number of bytes was given than has parameter ", name);
    if (to) memcpy(to, m->states[p->state], bytes);
    else memcpy(m->states[p->state], from, bytes);
    return 0;
}

API int NAME(_get_parameter)(struct MODEL_TYPE *m, const char *name, void *to, size_t bytes) {
    return copy_parameter(m, name, to, NULL, bytes);
}

API int NAME(_set_parameter)(struct MODEL_TYPE *m, const char *name, const void *from, size_t bytes) {
    return copy_parameter(m, name, NULL, from, bytes);
}

static uint64_t fnv(uint64_t hash, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}
#define FNV_START 14695981039346656037u

static int write_states(struct MODEL_TYPE *m, FILE *file) {
    uint64_t hash = FNV_START;
    int ok = fwrite("SGCSTAT1", 1, 8, file) == 8 && fwrite(source_sha256, 1, 32, file) == 32;
    for (int i = 0; ok && i < STATE_COUNT; i++) {
        ok = fwrite(m->states[i], 1, state_bytes[i], file) == state_bytes[i];
        hash = fnv(hash, m->states[i], state_bytes[i]);
    }
    return ok && fwrite(&hash, 1, 8, file) == 8;
}

/* Beside, then renamed: an older checkpoint is replaced whole or not at all. */
API int NAME(_save)(struct MODEL_TYPE *m, const char *path) {
    char beside[4096];
    if (snprintf(beside, sizeof beside, "%s.%ld.tmp", path, (long)getpid()) >= (int)sizeof beside) return fail(m, 6001, "the path is too long: ", path);
    FILE *file = fopen(beside, "wb");
    if (!file) return fail(m, 6001, "cannot write ", path);
    int ok = write_states(m, file);
    ok = fclose(file) == 0 && ok;
    if (ok && rename(beside, path) == 0) return 0;
    remove(beside);
    return fail(m, 6001, "cannot write ", path);
}

API int NAME(_load)(struct MODEL_TYPE *m, const char *path) {
    size_t states = 0, header = 40;
    for (int i = 0; i < STATE_COUNT; i++) states += state_bytes[i];
    FILE *file = fopen(path, "rb");
    if (!file) return fail(m, 6001, "cannot open ", path);
    size_t size = header + states + 8;
    uint8_t *bytes = malloc(size + 1);
    size_t got = bytes ? fread(bytes, 1, size + 1, file) : 0; /* one more than wanted, to see a longer file */
    fclose(file);
    if (!bytes) return fail(m, 5101, "no memory to read ", path);
    uint64_t hash;
    int ok = got == size && memcmp(bytes, "SGCSTAT1", 8) == 0 && memcmp(bytes + 8, source_sha256, 32) == 0;
    if (ok) {
        memcpy(&hash, bytes + header + states, 8);
        ok = hash == fnv(FNV_START, bytes + header, states);
    }
    const uint8_t *from = bytes + header;
    for (int i = 0; ok && i < STATE_COUNT; from += state_bytes[i++]) memcpy(m->states[i], from, state_bytes[i]);
    free(bytes);
    return ok ? 0 : fail(m, 7208, "not a checkpoint of this model, cut short, or altered: ", path);
}

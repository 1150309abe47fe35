/* The part of a compiled model's shared library that is the same for every model. The generated file before this one
   declares MODEL, the buffers, the variants and the initial parameters. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ALIGNMENT 64
#define BARRIER_BYTES 128
#define SPINS 4096

/* Whether all threads run the next step or the caller's alone, whichever took less time lately: as TeamChoice in the .NET runtime, whose
   numbers these are. A trial times up to 32 steps each way, after two to settle. */
enum phase { TRY_TEAM, TRY_ALONE, HOLD_TEAM, HOLD_ALONE };
enum { SETTLING = 2, LEAST_TIMED = 3, MOST_TIMED = 32, LEAST_HELD = 128, HELD_TO_TRIED = 100, TRIAL_NS = 1000000, HELD_NS = 100000000 };
typedef struct { enum phase phase; int prefers_alone, doubts, step, count, team_count; int64_t sum, longest, team, held, left; } choice;

typedef struct { entry_function entry; void **buffers; uint8_t *arena; void *barrier; int64_t workers; choice choice; } program;
typedef struct { struct MODEL_TYPE *model; int64_t index; pthread_t thread; } worker;

struct MODEL_TYPE {
    void *states[STATE_COUNT + 1];
    void *outputs[2][OUTPUT_COUNT + 1];
    program programs[2];
    worker *workers;
    int64_t threads, started;
    program *job;
    uint32_t generation, running;
    int stopping, has_locks;
    pthread_mutex_t lock;
    pthread_cond_t begin, end;
    char error[512];
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

static void *work(void *argument) {
    worker *self = argument;
    struct MODEL_TYPE *m = self->model;
    for (uint32_t seen = 0;; seen++) {
        for (int i = 0; i < SPINS && __atomic_load_n(&m->generation, __ATOMIC_ACQUIRE) == seen; i++) pause_briefly();
        if (__atomic_load_n(&m->generation, __ATOMIC_ACQUIRE) == seen) {
            pthread_mutex_lock(&m->lock);
            while (m->generation == seen) pthread_cond_wait(&m->begin, &m->lock);
            pthread_mutex_unlock(&m->lock);
        }
        if (m->stopping) return NULL;
        program *p = m->job;
        p->entry(p->buffers, p->arena, self->index, p->workers, p->barrier);
        if (__atomic_sub_fetch(&m->running, 1, __ATOMIC_ACQ_REL) == 0) {
            pthread_mutex_lock(&m->lock);
            pthread_cond_signal(&m->end);
            pthread_mutex_unlock(&m->lock);
        }
    }
}

static void publish(struct MODEL_TYPE *m) {
    pthread_mutex_lock(&m->lock);
    m->running = (uint32_t)m->started;
    __atomic_add_fetch(&m->generation, 1, __ATOMIC_RELEASE);
    pthread_cond_broadcast(&m->begin);
    pthread_mutex_unlock(&m->lock);
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

static int is_timed(const choice *c) { return c->phase <= TRY_ALONE && c->step >= SETTLING; }

static void begin_trial(choice *c, enum phase phase) {
    c->phase = phase;
    c->step = c->count = 0;
    c->sum = c->longest = 0;
}

/* The mean but for the longest step, which another program may have interrupted. The choice is held for so long that trying the slower way
   costs less than a hundredth. */
static void end_trial(choice *c) {
    int64_t mean = (c->sum - c->longest) / (c->count - 1);
    if (c->phase == TRY_TEAM) {
        c->team = mean;
        c->team_count = c->count;
        begin_trial(c, TRY_ALONE);
        return;
    }
    int is_alone_faster = mean < c->team, is_change = is_alone_faster != c->prefers_alone;
    c->doubts = is_change && !c->doubts; /* caches may have been cold: a change takes two trials that agree */
    if (c->doubts) {
        begin_trial(c, TRY_TEAM);
        return;
    }
    int64_t fast = is_alone_faster ? mean : c->team, slow = is_alone_faster ? c->team : mean;
    if (fast < 1) fast = 1;
    int64_t least = HELD_TO_TRIED * (SETTLING + (is_alone_faster ? c->team_count : c->count)) * (slow - fast) / fast, most = HELD_NS / fast;
    if (least < LEAST_HELD) least = LEAST_HELD;
    if (most < least) most = least;
    c->held = is_change ? least : c->held * 2;
    if (c->held < least) c->held = least;
    if (c->held > most) c->held = most;
    c->phase = is_alone_faster ? HOLD_ALONE : HOLD_TEAM;
    c->prefers_alone = is_alone_faster;
    c->left = c->held;
}

static void count_step(choice *c, int64_t elapsed) {
    if (c->phase > TRY_ALONE) {
        if (--c->left == 0) begin_trial(c, TRY_TEAM);
        return;
    }
    if (c->step++ < SETTLING) return;
    c->count++;
    c->sum += elapsed;
    if (elapsed > c->longest) c->longest = elapsed;
    if (c->count == MOST_TIMED || (c->count >= LEAST_TIMED && c->sum >= TRIAL_NS)) end_trial(c);
}

static void run_team(struct MODEL_TYPE *m, program *p) {
    m->job = p;
    publish(m);
    p->entry(p->buffers, p->arena, 0, p->workers, p->barrier);
    for (int i = 0; i < SPINS && __atomic_load_n(&m->running, __ATOMIC_ACQUIRE) != 0; i++) pause_briefly();
    if (__atomic_load_n(&m->running, __ATOMIC_ACQUIRE) == 0) return;
    pthread_mutex_lock(&m->lock);
    while (__atomic_load_n(&m->running, __ATOMIC_ACQUIRE) != 0) pthread_cond_wait(&m->end, &m->lock);
    pthread_mutex_unlock(&m->lock);
}

static void run(struct MODEL_TYPE *m, program *p) {
    if (p->workers == 1) {
        p->entry(p->buffers, p->arena, 0, 1, p->barrier);
        return;
    }
    int timed = is_timed(&p->choice);
    int64_t start = timed ? nanoseconds() : 0;
    if (p->choice.phase == TRY_TEAM || p->choice.phase == HOLD_TEAM) run_team(m, p);
    else p->entry(p->buffers, p->arena, 0, 1, p->barrier);
    count_step(&p->choice, timed ? nanoseconds() - start : 0);
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
    p->barrier = zeroed(BARRIER_BYTES);
    p->buffers = calloc((size_t)count + 1, sizeof(void *));
    if (!p->arena || !p->barrier || !p->buffers) return 5101;
    for (int i = 0; i < count; i++) {
        if (buffers[i].role == ROLE_INPUT) continue;
        void **slot = buffers[i].role == ROLE_STATE ? &m->states[buffers[i].index] : &m->outputs[number][buffers[i].index];
        if (!*slot && !(*slot = zeroed(buffers[i].bytes))) return 5101;
        p->buffers[i] = *slot;
    }
    return 0;
}

static int start_workers(struct MODEL_TYPE *m) {
    if (pthread_mutex_init(&m->lock, NULL)) return 5101;
    if (pthread_cond_init(&m->begin, NULL)) { pthread_mutex_destroy(&m->lock); return 5101; }
    if (pthread_cond_init(&m->end, NULL)) { pthread_mutex_destroy(&m->lock); pthread_cond_destroy(&m->begin); return 5101; }
    m->has_locks = 1;
    if (m->programs[0].workers <= 1 && m->programs[1].workers <= 1) return 0;
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
    if (threads == 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        threads = online < 1 ? 1 : online > MAX_THREADS ? MAX_THREADS : (int)online;
    }
    struct MODEL_TYPE *m = calloc(1, sizeof *m);
    if (!m) return 5101;
    m->threads = threads;
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
    if (m->started) {
        m->stopping = 1;
        publish(m);
        for (int64_t i = 1; i <= m->started; i++) pthread_join(m->workers[i].thread, NULL);
    }
    if (m->has_locks) {
        pthread_mutex_destroy(&m->lock);
        pthread_cond_destroy(&m->begin);
        pthread_cond_destroy(&m->end);
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
enum { MOST_NAMES = 10000, MOST_PATH = 4352 };

static int write_states(struct MODEL_TYPE *m, FILE *file) {
    uint64_t hash = FNV_START;
    int ok = fwrite("SGCSTAT1", 1, 8, file) == 8 && fwrite(source_sha256, 1, 32, file) == 32;
    for (int i = 0; ok && i < STATE_COUNT; i++) {
        ok = fwrite(m->states[i], 1, state_bytes[i], file) == state_bytes[i];
        hash = fnv(hash, m->states[i], state_bytes[i]);
    }
    return ok && fwrite(&hash, 1, 8, file) == 8;
}

/* Opens a new file beside `path`, which no other instance, process or program has open: the name has the process, the instance and a
   count, and whoever finds it taken, by a file of a process that was stopped or of another machine, counts on. */
static FILE *open_beside(const struct MODEL_TYPE *m, const char *path, char *name, size_t size) {
    for (unsigned count = 0; count < MOST_NAMES; count++) {
        int length = snprintf(name, size, "%s.%ld-%jx-%u.tmp", path, (long)getpid(), (uintmax_t)(uintptr_t)m, count);
        if (length < 0 || (size_t)length >= size) return NULL;
        int descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0) {
            FILE *file = fdopen(descriptor, "wb");
            if (file) return file;
            close(descriptor);
            remove(name);
            return NULL;
        }
        if (errno != EEXIST) return NULL;
    }
    return NULL;
}

/* Beside, then renamed: an older checkpoint is replaced whole or not at all, however many instances save to one path. */
API int NAME(_save)(struct MODEL_TYPE *m, const char *path) {
    char beside[MOST_PATH];
    if (!path) return fail(m, 6001, "no path is given", "");
    FILE *file = open_beside(m, path, beside, sizeof beside);
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
    if (!path) return fail(m, 6001, "no path is given", "");
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

/* The part of a compiled model's shared library that is the same for every model. The generated file before this one
   declares MODEL, the buffers, the variants and the states' first elements, and asks for what Linux has beyond C. */
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALIGNMENT 64

struct MODEL_TYPE {
    void *states[STATE_COUNT + 1];
    void *outputs[PROGRAM_COUNT][OUTPUT_COUNT + 1];
    program programs[PROGRAM_COUNT];
    pool pool;
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

enum { NO_PROGRAM = -1 };

/* Runs program 2 n (training) or 2 n + 1 (prediction) of size n. */
static int call(struct MODEL_TYPE *m, int number, const void *const *inputs, void *const *outputs) {
    if (number == NO_PROGRAM) return 7209;
    const buffer *buffers = tables[number].buffers;
    int count = tables[number].count;
    program *p = &m->programs[number];
    for (int i = 0; i < count; i++)
        if (buffers[i].role == ROLE_INPUT) {
            const void *given = inputs[buffers[i].index];
            if (!given) return fail(m, 5001, "a null pointer was given for input ", buffers[i].name);
            p->buffers[i] = (void *)given;
        }
    run(&m->pool, p);
    for (int i = 0; i < count; i++)
        if (buffers[i].role == ROLE_OUTPUT && outputs[buffers[i].index])
            memcpy(outputs[buffers[i].index], p->buffers[i], buffers[i].bytes);
    return 0;
}

static int prepare(struct MODEL_TYPE *m, int number, const variant_entry *entry, int threads) {
    const buffer *buffers = tables[number].buffers;
    int count = tables[number].count;
    program *p = &m->programs[number];
    if (!entry->entry) return 0;
    p->entry = entry->entry;
    p->workers = entry->parallel ? threads : 1;
    p->arena = zeroed((size_t)entry->arena_bytes);
    p->barrier = zeroed(sizeof(barrier_block) + (size_t)p->workers * CLAIM_BYTES);
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
    int status = 0, is_shared = 0;
    for (int n = 0; n < PROGRAM_COUNT && !status; n++) {
        status = prepare(m, n, &best->entries[n], threads);
        is_shared |= m->programs[n].workers > 1;
    }
    if (!status && is_shared) status = start_workers(&m->pool, threads);
    if (status) {
        NAME(_destroy)(m);
        return status;
    }
    const uint8_t *from = INITIAL;
    for (int i = 0; i < INITIAL_COUNT; i++) {
        int state = initial_states[i];
        memcpy(m->states[state], from, state_bytes[state]);
        from += state_bytes[state];
    }
    *model = m;
    return 0;
}

API void NAME(_destroy)(struct MODEL_TYPE *m) {
    if (!m) return;
    end_workers(&m->pool);
    for (int n = 0; n < PROGRAM_COUNT; n++) {
        free(m->programs[n].arena);
        free(m->programs[n].barrier);
        free(m->programs[n].buffers);
        for (int i = 0; i < OUTPUT_COUNT; i++) free(m->outputs[n][i]);
    }
    for (int i = 0; i < STATE_COUNT; i++) free(m->states[i]);
    free(m);
}

API const char *NAME(_last_error)(const struct MODEL_TYPE *m) { return m->error; }

API const char *NAME(_status_text)(int status) {
    switch (status) {
    case 0: return "done";
    case 5001: return "error SGC5001: a buffer has the wrong length, or is null";
    case 5004: return "error SGC5004: no parameter has this name";
    case 5011: return "error SGC5011: a number is out of range";
    case 5101: return "error SGC5101: memory or threads are not to be had";
    case 6001: return "error SGC6001: a file cannot be opened, read or written";
    case 6002: return "error SGC6002: a file is not a safetensors file, or breaks a rule of the format";
    case 6003: return "error SGC6003: a file is cut short";
    case 6005: return "error SGC6005: a file was altered: a checksum differs";
    case 6006: return "error SGC6006: a file lacks a variable, or has it with another type or shape";
    case 7205: return "error SGC7205: this processor lacks a feature that the model was compiled for; build it for a lower --target";
    case 7207: return "error SGC7207: the model was compiled for fewer threads; build it with more --threads";
    case 7208: return "error SGC7208: not a checkpoint of this model, truncated, or altered";
    case 7209: return "error SGC7209: a batch has a number of rows that the model was not compiled for";
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
    int ok = fwrite("SGCSTAT2", 1, 8, file) == 8 && fwrite(states_sha256, 1, 32, file) == 32;
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

/* Written beside and then renamed: an older checkpoint is replaced whole or not at all, however many instances save to one path. */
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
    int ok = got == size && memcmp(bytes, "SGCSTAT2", 8) == 0 && memcmp(bytes + 8, states_sha256, 32) == 0;
    if (ok) {
        memcpy(&hash, bytes + header + states, 8);
        ok = hash == fnv(FNV_START, bytes + header, states);
    }
    const uint8_t *from = bytes + header;
    for (int i = 0; ok && i < STATE_COUNT; from += state_bytes[i++]) memcpy(m->states[i], from, state_bytes[i]);
    free(bytes);
    return ok ? 0 : fail(m, 7208, "not a checkpoint of this model, truncated, or altered: ", path);
}

/* How the threads of a model run its programs, wait and end. A shared library's source has this part before model.c. */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_PROCESSORS 8192 /* of Linux */

/* How a thread waits, as in the .NET runtime's Backoff: it spins, it yields the processor, then it sleeps. */
enum { SPINS = 1024, YIELD_NS = 200000 };

/* The control block of a program's barriers, as KernelAbi in the .NET runtime lays it out. A cache line for each worker follows it, where
   generated code counts who has claimed what. */
typedef struct {
    uint64_t arrived; /* the count in the low half, the bit SLEEPS above it */
    char apart[56];
    uint64_t generation;
    void (*wait)(void *barrier, int64_t generation, int64_t workers);
    void (*wake)(void *barrier);
    char padding[40];
} barrier_block;
_Static_assert(sizeof(barrier_block) == 128 && offsetof(barrier_block, generation) == 64, "KernelAbi");
#define SLEEPS ((uint64_t)1 << 32)
#define CLAIM_BYTES 64 /* KernelAbi.ClaimBytes */

/* Whether all threads run the next step or the caller's alone, whichever took less time lately: as ThreadCountTuner in the .NET runtime,
   whose numbers these are. A trial times up to 32 steps each way, after two to settle. */
enum phase { TRY_ALL, TRY_ONE, HOLD_ALL, HOLD_ONE };
enum { SETTLING = 2, LEAST_TIMED = 3, MOST_TIMED = 32, LEAST_HELD = 128, HELD_TO_TRIED = 100, LEAST_SAVED = 32 };
enum { TRIAL_NS = 1000000, HELD_NS = 100000000 };
typedef struct { enum phase phase; int prefers_one, doubts, step, count, all_count; int64_t sum, longest, all, held, left; } tuner;

typedef struct { entry_function entry; void **buffers; uint8_t *arena; barrier_block *barrier; int64_t workers; tuner tuner; } program;
typedef struct { struct pool *pool; int64_t index; pthread_t thread; } worker;

/* Threads that run a program together: the caller as worker 0, and those of `workers` from 1 on. */
typedef struct pool {
    worker *workers;
    int64_t started;
    const program *job;
    int is_stopping;
    uint32_t forks; /* of this process's ancestors when the workers were started */
    /* What the caller writes and what workers write have cache lines of their own. */
    char before[128];
    uint32_t generation, sleeping_workers;
    char between[128];
    uint32_t running, caller_sleeps;
    char after[128];
} pool;

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

/* Spins and yields until a word equals `wanted`, or differs from it; false when it is time to sleep. */
static int comes(const uint32_t *word, uint32_t wanted, int is_equal) {
    for (int i = 0; i < SPINS; i++) {
        if ((__atomic_load_n(word, __ATOMIC_ACQUIRE) == wanted) == is_equal) return 1;
        pause_briefly();
    }
    for (int64_t end = nanoseconds() + YIELD_NS; nanoseconds() < end; sched_yield())
        if ((__atomic_load_n(word, __ATOMIC_ACQUIRE) == wanted) == is_equal) return 1;
    return 0;
}

/* What generated code calls after SPINS looks; returns in the next generation. A sleeper sets a bit in the word that counts arrivals:
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

/* A worker counts itself as a sleeper before its last look, and whoever publishes a job looks for sleepers afterwards: one of the two
   sees the other. */
static void await_job(pool *all, uint32_t seen) {
    if (comes(&all->generation, seen, 0)) return;
    __atomic_add_fetch(&all->sleeping_workers, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&all->generation, __ATOMIC_SEQ_CST) == seen) futex_wait(&all->generation, seen);
    __atomic_sub_fetch(&all->sleeping_workers, 1, __ATOMIC_SEQ_CST);
}

static void await_workers(pool *all) {
    if (comes(&all->running, 0, 1)) return;
    __atomic_store_n(&all->caller_sleeps, 1, __ATOMIC_SEQ_CST);
    for (uint32_t running; (running = __atomic_load_n(&all->running, __ATOMIC_SEQ_CST)) != 0;) futex_wait(&all->running, running);
    __atomic_store_n(&all->caller_sleeps, 0, __ATOMIC_RELAXED);
}

static void *work(void *argument) {
    worker *self = argument;
    pool *all = self->pool;
    for (uint32_t seen = 0;; seen++) {
        await_job(all, seen);
        if (all->is_stopping) return NULL;
        const program *p = all->job;
        p->entry(p->buffers, p->arena, self->index, p->workers, p->barrier);
        if (__atomic_sub_fetch(&all->running, 1, __ATOMIC_SEQ_CST) == 0 && __atomic_load_n(&all->caller_sleeps, __ATOMIC_SEQ_CST))
            futex_wake(&all->running);
    }
}

static void publish(pool *all) {
    __atomic_store_n(&all->running, (uint32_t)all->started, __ATOMIC_RELEASE);
    __atomic_add_fetch(&all->generation, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&all->sleeping_workers, __ATOMIC_SEQ_CST)) futex_wake(&all->generation);
}

/* Forks between this process and the one that loaded the library. A child has the thread that forked, and none of the workers. */
static uint32_t forks;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static int fork_status;

static void count_fork(void) { forks++; }

static void watch_forks(void) { fork_status = pthread_atfork(NULL, NULL, count_fork); }

/* After a fork there are no workers: the calling thread runs alone. */
static void forget_workers_of_parent(pool *all) {
    if (all->forks == forks) return;
    all->forks = forks;
    all->started = 0;
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
    /* A tie is decided for one: threads that save less than a thirty-second are missed by whoever else needs the processors. */
    int is_one_faster = mean <= t->all + t->all / LEAST_SAVED, is_change = is_one_faster != t->prefers_one;
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
    /* The longest is not counted, so it does not end the trial either: a neighbour's time slice would be all that was seen. */
    if (t->count == MOST_TIMED || (t->count >= LEAST_TIMED && t->sum - t->longest >= TRIAL_NS)) end_trial(t);
}

static void run_on_all(pool *all, const program *p) {
    all->job = p;
    publish(all);
    p->entry(p->buffers, p->arena, 0, p->workers, p->barrier);
    await_workers(all);
}

static void run(pool *all, program *p) {
    forget_workers_of_parent(all);
    if (p->workers == 1 || all->started == 0) {
        p->entry(p->buffers, p->arena, 0, 1, p->barrier);
        return;
    }
    int timed = is_timed(&p->tuner);
    int64_t start = timed ? nanoseconds() : 0;
    if (p->tuner.phase == TRY_ALL || p->tuner.phase == HOLD_ALL) run_on_all(all, p);
    else p->entry(p->buffers, p->arena, 0, 1, p->barrier);
    count_step(&p->tuner, timed ? nanoseconds() - start : 0);
}

/* 0, or the status of an error; end_workers is due in either case. */
static int start_workers(pool *all, int threads) {
    if (pthread_once(&fork_once, watch_forks) || fork_status) return 5101;
    all->forks = forks;
    all->workers = calloc((size_t)threads, sizeof(worker));
    if (!all->workers) return 5101;
    for (int64_t i = 1; i < threads; i++) {
        worker *w = &all->workers[i];
        w->pool = all;
        w->index = i;
        if (pthread_create(&w->thread, NULL, work, w)) return 5101;
        all->started++;
    }
    return 0;
}

static void end_workers(pool *all) {
    forget_workers_of_parent(all);
    if (all->started) {
        all->is_stopping = 1;
        publish(all);
        for (int64_t i = 1; i <= all->started; i++) pthread_join(all->workers[i].thread, NULL);
    }
    free(all->workers);
}


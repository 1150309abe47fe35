/* Several instances save to one path, and load from it: save PATH THREADS TIMES. Every load must find a whole checkpoint. */
#include "digits.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const char *path;
static int times;

static void *work(void *unused) {
    digits_model *model = NULL;
    (void)unused;
    if (digits_create(1, &model)) return "create";
    for (int i = 0; i < times; i++) {
        if (digits_save(model, path) || digits_load(model, path)) {
            fprintf(stderr, "%s\n", digits_last_error(model));
            return "save or load";
        }
    }
    digits_destroy(model);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[16];
    if (argc != 4) return 2;
    path = argv[1];
    times = atoi(argv[3]);
    int count = atoi(argv[2]), status = 0;
    for (int i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, work, NULL)) return 2;
    for (int i = 0; i < count; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        if (failed) status = 1;
    }
    return status;
}

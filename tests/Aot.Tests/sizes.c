/* Trains over batches of several sizes: `sizes CHECKPOINT WEIGHTS ROWS...`, every other one with the function that takes the rows. Prints
   the sizes, and the error for rows that there is no code for. */
#include "sized.h"
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 16, FEATURES = 64, CLASSES = 10 };

static uint32_t state = 1;

static uint32_t next(void) { return (state = state * 1664525u + 1013904223u) >> 16; }

static int train(sized_model *m, int rows, int is_by_name, const float *images, const int32_t *labels) {
    float loss, scores[BATCH * CLASSES];
    if (!is_by_name) return sized_train_step(m, rows, images, labels, &loss, NULL) || sized_predict(m, rows, images, scores);
    if (rows == 6) return sized_train_step_6(m, images, labels, &loss, NULL) || sized_predict_6(m, images, scores);
    if (rows == 3) return sized_train_step_3(m, images, labels, &loss, NULL) || sized_predict_3(m, images, scores);
    return sized_train_step_1(m, images, labels, &loss, NULL) || sized_predict_1(m, images, scores);
}

int main(int argc, char **argv) {
    sized_model *m;
    float images[BATCH * FEATURES];
    int32_t labels[BATCH];
    if (argc < 4 || sized_create(2, &m)) return 2;
    for (int i = 3; i < argc; i++) {
        for (int n = 0; n < BATCH * FEATURES; n++) images[n] = (float)next() / 65536;
        for (int n = 0; n < BATCH; n++) labels[n] = (int32_t)(next() % CLASSES);
        if (train(m, atoi(argv[i]), i % 2, images, labels)) return 3;
    }
    printf("sizes %d %d %d %d\n", sized_batch_size(0), sized_batch_size(1), sized_batch_size(2), sized_batch_size(3));
    if (sized_train_step(m, 2, images, labels, NULL, NULL) != 7209 || sized_predict(m, 2, images, NULL) != 7209) return 4;
    printf("%s\n", sized_last_error(m));
    if (sized_save(m, argv[1]) || sized_save_weights(m, argv[2])) return 5;
    sized_destroy(m);
    return 0;
}

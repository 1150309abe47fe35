/* Trains MODEL on BATCH images a step, then classifies the last: vision STEPS OUT. Writes the losses and the scores. */
#include HEADER
#include <stdio.h>
#include <stdlib.h>
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define F(name) JOIN(MODEL, name)
enum { PIXELS = 28 * 28, CLASSES = 10 };

static uint32_t state = 1;
static uint32_t next(void) { return (state = state * 1664525u + 1013904223u) >> 16; }

int main(int argc, char **argv) {
    static float images[BATCH * PIXELS], scores[BATCH * CLASSES];
    static int32_t labels[BATCH];
    F(_model) *m = NULL;
    FILE *file = argc == 3 ? fopen(argv[2], "wb") : NULL;
    if (!file || F(_create)(1, &m)) return 1;
    for (int s = 0; s < atoi(argv[1]); s++) {
        float loss;
        for (int i = 0; i < BATCH * PIXELS; i++) images[i] = (float)next() / 65536.0f;
        for (int i = 0; i < BATCH; i++) labels[i] = (int32_t)(next() % CLASSES);
        if (F(_train_step)(m, images, labels, &loss)) return 2;
        fwrite(&loss, sizeof loss, 1, file);
    }
    if (F(_predict)(m, images, scores)) return 3;
    fwrite(scores, sizeof scores, 1, file);
    F(_destroy)(m);
    return fclose(file);
}

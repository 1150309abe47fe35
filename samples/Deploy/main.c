/* Trains the digits from C: main < digits.csv (lines of 64 pixels from 0 to 16 and a label). A fifth is held out.
   main --first-step makes one step on zeros. */
#include "digits.h"
#include <stdio.h>
#include <string.h>

enum { BATCH = 16, PIXELS = 64, EPOCHS = 60, MOST = 4096 };
static float images[MOST][PIXELS];
static int32_t labels[MOST];
static uint32_t state = 1;

static int below(int bound) { return (int)(((uint64_t)(state = state * 1664525u + 1013904223u) * (uint32_t)bound) >> 32); }

static void shuffle(int *order, int count) {
    for (int i = count - 1; i > 0; i--) {
        int j = below(i + 1), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

static int read_rows(void) {
    int count = 0, value;
    for (; count < MOST; count++) {
        for (int i = 0; i < PIXELS; i++) {
            if (scanf("%d,", &value) != 1) return count;
            images[count][i] = (float)value / 16;
        }
        if (scanf("%d", &labels[count]) != 1) return count;
    }
    return count;
}

/* How soon a program trains: one step on zeros. */
static int first_step(void) {
    digits_model *model;
    float loss = 0;
    int status = digits_create(1, &model);
    if (!status) status = digits_train_step(model, images[0], labels, &loss);
    if (!status) digits_destroy(model);
    return status;
}

int main(int count_of_arguments, char **arguments) {
    if (count_of_arguments == 2 && !strcmp(arguments[1], "--first-step")) return first_step();
    static int order[MOST];
    int count = read_rows(), held = count / 5, correct = 0, tested = 0;
    for (int i = 0; i < count; i++) order[i] = i;
    shuffle(order, count);
    digits_model *model;
    int status = digits_create(0, &model);
    if (status) {
        fprintf(stderr, "%s\n", digits_status_text(status));
        return 2;
    }
    float x[BATCH][PIXELS], loss, scores[BATCH][10];
    int32_t t[BATCH];
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        shuffle(order + held, count - held);
        for (int at = held; at + BATCH <= count; at += BATCH) {
            for (int i = 0; i < BATCH; i++) {
                memcpy(x[i], images[order[at + i]], sizeof x[i]);
                t[i] = labels[order[at + i]];
            }
            digits_train_step(model, x[0], t, &loss);
        }
    }
    for (int at = 0; at + BATCH <= held; at += BATCH) {
        for (int i = 0; i < BATCH; i++) memcpy(x[i], images[order[at + i]], sizeof x[i]);
        digits_predict(model, x[0], scores[0]);
        for (int i = 0; i < BATCH; i++, tested++) {
            int best = 0;
            for (int c = 1; c < 10; c++) if (scores[i][c] > scores[i][best]) best = c;
            correct += best == labels[order[at + i]];
        }
    }
    digits_destroy(model);
    printf("test accuracy %.2f %%\n", 100.0 * correct / (tested ? tested : 1));
    return tested && correct >= 0.96 * tested ? 0 : 1;
}

/* Weights between C and .NET: `weights save FILE` trains three steps and saves; `weights load FILE...` loads each file. Both print the
   status and a sum over the parameters, which is that of the first elements as long as nothing was loaded. */
#include "digits.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 16, FEATURES = 64 };

static double sum_of_parameters(digits_model *model) {
    double sum = 0;
    for (int i = 0; i < digits_parameter_count(); i++) {
        const char *name = digits_parameter_name(i);
        size_t bytes = (size_t)digits_parameter_bytes(name);
        float *values = malloc(bytes);
        if (!values || digits_get_parameter(model, name, values, bytes)) exit(2);
        for (size_t n = 0; n < bytes / sizeof *values; n++) sum += values[n] * (double)(n % 7 + 1);
        free(values);
    }
    return sum;
}

static void train(digits_model *model) {
    float images[BATCH * FEATURES];
    int32_t labels[BATCH];
    for (int i = 0; i < BATCH * FEATURES; i++) images[i] = (float)(i % 13) / 13;
    for (int i = 0; i < BATCH; i++) labels[i] = i % 10;
    for (int i = 0; i < 3; i++)
        if (digits_train_step(model, images, labels, NULL, NULL)) exit(2);
}

int main(int argc, char **argv) {
    digits_model *model;
    if (argc < 3 || digits_create(1, &model)) return 2;
    if (strcmp(argv[1], "save") == 0) {
        train(model);
        int status = digits_save_weights(model, argv[2]);
        printf("%d %.9g %s\n", status, sum_of_parameters(model), digits_last_error(model));
    } else {
        for (int i = 2; i < argc; i++) {
            int status = digits_load_weights(model, argv[i]);
            printf("%d %.9g %s\n", status, sum_of_parameters(model), status ? digits_last_error(model) : "");
        }
    }
    digits_destroy(model);
    return 0;
}

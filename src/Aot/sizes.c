/* Which program takes a batch of so many rows, where a model was compiled for several sizes. */
static int program_of(struct MODEL_TYPE *m, int64_t rows, int number) {
    for (int i = 0; i < SIZE_COUNT; i++)
        if (batch_sizes[i] == rows) return 2 * i + number;
    char text[400];
    snprintf(text, sizeof text, "%jd rows are given, and the model was compiled for batches of %.256s; build it with --batch",
        (intmax_t)rows, BATCH_SIZES);
    fail(m, 7209, "", text);
    return NO_PROGRAM;
}

API int NAME(_batch_size)(int index) { return index >= 0 && index < SIZE_COUNT ? batch_sizes[index] : -1; }

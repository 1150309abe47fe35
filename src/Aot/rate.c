/* The learning rate of a model whose step has one that is settable: RATE is the parameter that holds it. */
API int NAME(_get_learning_rate)(struct MODEL_TYPE *m, double *rate) {
    return copy_parameter(m, RATE, rate, NULL, sizeof *rate);
}

API int NAME(_set_learning_rate)(struct MODEL_TYPE *m, double rate) {
    if (!(rate >= 0 && rate <= DBL_MAX)) return fail(m, 5011, "a learning rate must be at least 0 and finite", "");
    return copy_parameter(m, RATE, NULL, &rate, sizeof rate);
}
